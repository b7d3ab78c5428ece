const line = element.querySelector('.status');
const words = element.querySelector('.words');
const SOON = 700; // milliseconds between questions while the models load
const LATER = 15000;

function say(state, sentence) {
  line.dataset.state = state;
  if (words.textContent !== sentence) words.textContent = sentence;
}

function inWords(health) {
  if (health.state === 'starting') return 'The models are loading; draw meanwhile';
  if (health.problem) return health.problem;
  const ready = `${health.model} model · ${health.device} · ready`;
  return health.storage ? `${ready} · ${health.storage}` : ready;
}

async function ask() {
  if (!element.isConnected) return;
  let wait = LATER;
  try {
    const health = await (await fetch('/api/v1/health', { cache: 'no-store' })).json();
    say(health.storage && health.state === 'ready' ? 'broken' : health.state, inWords(health));
    if (health.state === 'starting') wait = SOON;
  } catch {
    say('lost', 'The program does not answer; it may have been closed');
    wait = 3000;
  }
  setTimeout(ask, wait);
}

ask();
