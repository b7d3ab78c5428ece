// Words and small helpers. Everything from outside enters the page through textContent or setAttribute, never as HTML.

const api = props.api; // where the REST interface is, such as /api/v1
const SEEDS = 2 ** 32; // seeds of one run are one apart and wrap where they end

const find = (selector) => element.querySelector(selector);

/** A new element with class and text. */
function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Seconds in words: "1.2 s", "2 min 05 s"; "" when there is no number. */
function secondsInWords(seconds) {
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

/** The address when it lies on this server, else null: a link must never become javascript: or leave the machine. */
function ownAddress(url) {
  if (typeof url !== 'string' || !url) return null;
  try {
    const parsed = new URL(url, location.href);
    return parsed.origin === location.origin && /^https?:$/.test(parsed.protocol) ? parsed.pathname + parsed.search : null;
  } catch {
    return null;
  }
}

/** A picture inside the event itself, else null. */
const inlinePicture = (url) => (/^data:image\/(jpeg|png|webp);base64,/.test(url) ? url : null);

/** Where the server keeps the saved picture of this name. */
const savedAddress = (name) => `${api}/pictures/${name.split('/').map(encodeURIComponent).join('/')}`;

const baseName = (name) => name.slice(name.lastIndexOf('/') + 1);

/** What stands in alt and aria-label for a picture; files of other programs may have no seed. */
function describePicture(prompt, seed) {
  const words = String(prompt || '').trim() || 'no words';
  const short = words.length > 200 ? `${words.slice(0, 200)}…` : words;
  return `Picture of ${short}${Number.isFinite(seed) ? `, seed ${seed}` : ''}`;
}

/** The parts of the line under a picture, joined; empty parts are left out. */
function factsOf(item) {
  const size = item.width && item.height ? `${item.width} × ${item.height}` : '';
  const steps = item.steps ? `${item.steps} ${item.steps === 1 ? 'step' : 'steps'}` : '';
  const made = item.made ? `made ${momentInWords(item.made)}` : '';
  const saved = item.file ? `saved as ${baseName(item.file)}` : 'not saved';
  const seed = Number.isFinite(item.seed) ? `Seed ${item.seed}` : '';
  return [seed, size, steps, secondsInWords(item.seconds), item.device, made, saved].filter(Boolean).join(' · ');
}

/** A date the server wrote (ISO 8601, local time) as the reader writes dates. */
function momentInWords(text) {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return '';
  return moment.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

/** The pictures of a finished run as items; they know each other through `set`. */
function itemsOf(result) {
  const asked = result.request || {};
  const files = result.files || [];
  const maps = (result.maps || []).map(ownAddress).filter(Boolean);
  const items = (result.pictures || []).map((url, index) => ({
    url: ownAddress(url),
    file: files[index] || null,
    seed: Number.isFinite(asked.seed) ? (asked.seed + index) % SEEDS : undefined,
    prompt: asked.prompt || '',
    width: asked.width,
    height: asked.height,
    steps: asked.steps,
    seconds: (result.seconds || {}).total,
    device: result.device || '',
    notes: result.notes || [],
    maps,
  })).filter((item) => item.url);
  for (const item of items) item.set = items;
  return items;
}

/** A saved picture as an item; `about` is its entry of the strip where there is one. */
function itemOfSaved(name, about = {}) {
  return {
    url: ownAddress(about.url) || savedAddress(name),
    file: name,
    seed: about.seed,
    prompt: about.prompt || '',
    made: about.made,
    notes: [],
    maps: [],
    set: [],
  };
}
