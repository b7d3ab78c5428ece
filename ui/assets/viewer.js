// The viewer itself: what is being watched, what is on screen, and what Python hears of.

const STORED_RUN = 'controlnet-studio.run';
const LOST = 'The connection to the program was lost; it may have been closed.';
const UNLOADABLE = 'The picture was made but could not be loaded; look among the recent pictures.';
const KEPT_RESULTS = 60; // finished pictures of this page whose guides and numbers are remembered

const known = new Map(); // file name -> item, for the strip
let phase = 'idle';
let run = null; // id of the newest run
let since = 0; // when it was started, milliseconds since 1970
let step = null; // { step, steps }
let waiting = '';
let complete = null; // the finished picture on screen, or to go back to
let pinned = false; // an older picture was chosen while a run lives: its previews do not push it aside
let clock = 0;

const isRunning = () => phase === 'queued' || phase === 'running';
const stage = createStage();
const details = createDetails({ choose: showItem, compare: layMap, ask });
const strip = createStrip((name, entry) => showItem(known.get(name) || itemOfSaved(name, entry)));
const watcher = createWatcher({
  event: (kind, data) => onEvent[kind](data),
  gone: () => {
    forgetRun();
    strip.refresh(); // it may have finished before the program was restarted
    settle('idle', '');
  },
  lost: () => showMessage(LOST, 'error', 'lost'),
  back: () => hideMessage('lost'),
});
createOpener(
  (image) => ask({ action: 'open', image }, 'upload'),
  (sentence) => showMessage(sentence, 'error'),
);

// --- phases -------------------------------------------------------------------------------------------------------

function setPhase(next) {
  phase = next;
  element.dataset.phase = next;
  element.setAttribute('aria-busy', String(isRunning()));
  if (isRunning()) document.documentElement.dataset.running = '1';
  else delete document.documentElement.dataset.running;
  clearInterval(clock);
  if (isRunning()) clock = setInterval(showStatus, 200);
  showStatus();
}

function showStatus() {
  if (!element.isConnected) clearInterval(clock);
  const progress = find('.progress');
  if (step) progress.value = step.steps > 0 ? step.step / step.steps : 0;
  else progress.removeAttribute('value'); // indeterminate
  if (!isRunning()) return;
  const elapsed = secondsInWords((Date.now() - since) / 1000);
  const what = phase === 'queued' ? waiting : step ? `Step ${step.step} of ${step.steps}` : 'Starting';
  find('.word').textContent = what;
  find('.facts').textContent = elapsed;
}

/** The run is over, one way or another: show the finished picture there is, with a word before its line. */
function settle(next, word) {
  pinned = false;
  setPhase(next);
  find('.word').textContent = word;
  details.show(complete);
  if (complete && word) find('.facts').textContent = `The picture before: ${factsOf(complete)}`;
  if (complete) stage.show(complete.url, describePicture(complete.prompt, complete.seed));
  strip.mark(complete && complete.file);
}

// --- runs ---------------------------------------------------------------------------------------------------------

function watchRun(id, startedAt = Date.now()) {
  run = id;
  since = startedAt;
  step = null;
  waiting = 'Starting';
  pinned = false;
  element.dataset.run = id;
  element.dataset.step = '';
  remember({ run: id, since });
  setPhase('queued');
  watcher.start(id);
}

const onEvent = {
  queued(data) {
    waiting = data.waiting_for ? `Waiting: ${data.waiting_for}` : 'Waiting for its turn';
    setPhase('queued');
  },
  started(data) {
    hideMessage();
    details.showNotes(data.notes || []);
    setPhase('running');
    announce('Making the picture.');
  },
  step(data) {
    step = { step: Number(data.step) || 0, steps: Number(data.steps) || 0 };
    element.dataset.step = String(step.step);
    if (phase !== 'running') setPhase('running');
    else showStatus();
  },
  async preview(data) {
    const url = inlinePicture(data.picture);
    if (!url || pinned) return;
    const mine = run;
    const outcome = await stage.show(url, 'The picture while it is being made');
    if (outcome !== 'shown' || mine !== run || !isRunning() || pinned) return;
    element.dataset.preview = String(data.step);
    strip.mark(null);
    details.show(null); // the buttons must not speak of a picture that is no longer on screen
    showStatus();
  },
  async finished(data) {
    const mine = run;
    const items = itemsOf(data.result || {});
    for (const item of items) if (item.file) known.set(item.file, item);
    while (known.size > KEPT_RESULTS) known.delete(known.keys().next().value);
    strip.refresh();
    delete document.documentElement.dataset.running; // nothing is left to stop, though the picture is still loading
    const outcome = items.length ? await loadItem(items[0]) : 'failed';
    if (mine !== run) return;
    if (outcome === 'failed') showMessage(UNLOADABLE, 'error');
    if (outcome === 'shown') complete = items[0];
    settle('finished', '');
    if (outcome === 'shown') announce(`Done. ${describePicture(complete.prompt, complete.seed)}.`);
  },
  failed(data) {
    forgetRun();
    settle('failed', 'Failed');
    showMessage(String(data.error || 'The picture could not be made.'), 'error');
  },
  cancelled() {
    forgetRun();
    settle('cancelled', 'Stopped');
    announce('Stopped.');
  },
};

/** Put the finished picture on screen; from its saved file when the run's own copy is gone. */
async function loadItem(item) {
  const alt = describePicture(item.prompt, item.seed);
  const outcome = await stage.show(item.url, alt);
  if (outcome !== 'failed' || !item.file || item.url === savedAddress(item.file)) return outcome;
  item.url = savedAddress(item.file);
  return stage.show(item.url, alt);
}

/** Cancel the run being watched; resolves to whether there was one. The event that follows says it is over. */
async function stop() {
  if (!isRunning() || !run) return false;
  find('.word').textContent = 'Stopping…';
  try {
    await fetch(`${api}/runs/${encodeURIComponent(run)}`, { method: 'DELETE' });
  } catch {
    showMessage(LOST, 'error', 'lost');
  }
  return true;
}

// --- pictures on screen -------------------------------------------------------------------------------------------

/** Show a finished or saved picture because a person asked for it. */
async function showItem(item) {
  const before = complete;
  if (isRunning()) pinned = true;
  complete = item;
  const outcome = await loadItem(item);
  if (complete !== item || outcome === 'overtaken') return; // something newer came meanwhile
  if (outcome === 'failed') {
    complete = before;
    const name = item.file ? baseName(item.file) : 'The picture';
    showMessage(`${name} could not be loaded; it may have been removed.`, 'error');
    return;
  }
  if (!item.width) Object.assign(item, { width: find('.picture').naturalWidth, height: find('.picture').naturalHeight });
  find('.word').textContent = '';
  details.show(item);
  strip.mark(item.file);
  showStatus();
}

async function layMap(url) {
  if (!(await stage.showMap(url))) details.forgetMaps();
}

// --- words --------------------------------------------------------------------------------------------------------

function showMessage(sentence, tone, reason = '') {
  const banner = find('.banner');
  find('.banner-text').textContent = sentence;
  banner.dataset.tone = tone === 'note' ? 'note' : 'error';
  banner.dataset.reason = reason;
  banner.hidden = false;
}

/** Take the banner away; with a reason only when it stands there for that reason. */
function hideMessage(reason) {
  const banner = find('.banner');
  if (reason && banner.dataset.reason !== reason) return;
  banner.hidden = true;
  find('.banner-text').textContent = '';
}

function announce(sentence) {
  find('.announce').textContent = sentence;
}

// --- Python and the page ------------------------------------------------------------------------------------------

/** Tell Python; the value must be there before the event. */
function ask(value, event) {
  props.value = value;
  trigger(event);
}

function receiveValue(value) {
  if (!value || typeof value !== 'object' || value.action) return; // an action is our own question
  if (typeof value.run === 'string' && value.run) {
    watchRun(value.run);
  } else if (typeof value.message === 'string') {
    showMessage(value.message, value.tone);
  } else if (typeof value.show === 'string' && value.show) {
    showItem(known.get(value.show) || itemOfSaved(value.show, strip.entry(value.show)));
  }
}

function remember(watched) {
  try {
    sessionStorage.setItem(STORED_RUN, JSON.stringify(watched));
  } catch {
    // storage may be switched off; then a reload forgets the run, and its picture is in the strip
  }
}

function forgetRun() {
  try {
    sessionStorage.removeItem(STORED_RUN);
  } catch {
    // as above
  }
}

function rememberedRun() {
  try {
    const watched = JSON.parse(sessionStorage.getItem(STORED_RUN));
    return watched && typeof watched.run === 'string' ? watched : null;
  } catch {
    return null;
  }
}

find('.dismiss').addEventListener('click', () => {
  hideMessage();
  find('.stage').focus({ preventScroll: true }); // the button that had the focus is gone
});

window.controlnetStudio = Object.assign(window.controlnetStudio || {}, { stop });
Object.defineProperty(window.controlnetStudio, 'isRunning', { get: isRunning, configurable: true });

watch('value', () => receiveValue(props.value));
setPhase('idle');
strip.refresh();
if (props.value) {
  receiveValue(props.value);
} else {
  const watched = rememberedRun();
  if (watched) watchRun(watched.run, Number(watched.since) || Date.now());
}
element.dataset.ready = '1';
