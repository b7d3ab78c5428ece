// The row of recent pictures, newest first.

const STRIP_LENGTH = 40;
const STRIP_RETRIES = 4;

/** choose(name, entry): a picture of the strip was clicked. */
function createStrip(choose) {
  const strip = find('.strip');
  const buttons = new Map(); // name -> button; kept between refreshes so that focus and scroll position stay
  const entries = new Map();
  let fetching = false;
  let again = false;
  let marked = null; // name of the picture on screen

  /** Fetch the newest list; calls that come while one is under way are answered by one more. */
  async function refresh() {
    again = true;
    if (fetching) return;
    fetching = true;
    for (let failures = 0; again && failures < STRIP_RETRIES; ) {
      again = false;
      try {
        const answer = await fetch(`${api}/pictures?limit=${STRIP_LENGTH}`, { cache: 'no-store' });
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        fill((await answer.json()).pictures || []);
      } catch {
        failures += 1;
        again = true;
        await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** failures));
      }
    }
    fetching = false;
  }

  function fill(list) {
    const names = new Set(list.map((entry) => entry.name));
    for (const [name, button] of buttons) {
      if (names.has(name)) continue;
      button.remove();
      buttons.delete(name);
      entries.delete(name);
    }
    list.forEach((entry, index) => {
      entries.set(entry.name, entry);
      if (!buttons.has(entry.name)) buttons.set(entry.name, thumbnail(entry));
      const button = buttons.get(entry.name);
      if (strip.children[index] !== button) strip.insertBefore(button, strip.children[index] || null);
    });
    find('.strip-empty').hidden = list.length > 0;
    strip.hidden = list.length === 0;
    mark(marked);
    keepOneTabStop();
    element.dataset.pictures = String(list.length);
  }

  function thumbnail(entry) {
    const button = make('button', 'thumbnail');
    button.type = 'button';
    button.setAttribute('aria-label', describePicture(entry.prompt, entry.seed));
    button.title = button.getAttribute('aria-label');
    const image = new Image();
    image.alt = '';
    image.loading = 'lazy';
    image.decoding = 'async';
    const source = ownAddress(entry.thumbnail);
    if (source) image.src = source;
    button.append(image);
    button.addEventListener('click', () => choose(entry.name, entry));
    return button;
  }

  /** Mark the picture on screen; null for none. */
  function mark(name) {
    marked = name;
    for (const [other, button] of buttons) {
      if (other === name) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
    }
  }

  /** One stop for Tab, arrows inside: forty pictures must not stand between the person and the next control. */
  function keepOneTabStop(wanted) {
    const all = [...strip.children];
    const stop = wanted || all.find((button) => button.tabIndex === 0 && button === document.activeElement) || all[0];
    for (const button of all) button.tabIndex = button === stop ? 0 : -1;
  }

  strip.addEventListener('focusin', (event) => keepOneTabStop(event.target.closest('button')));
  strip.addEventListener('keydown', (event) => {
    const all = [...strip.children];
    const at = all.indexOf(document.activeElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    all[to]?.focus();
  });

  return { refresh, mark, entry: (name) => entries.get(name) };
}
