// The large picture: swapped only when decoded, wiped against the guide's map, opened in full size.

function createStage() {
  const frame = find('.frame');
  const parts = find('.wipe-parts');
  const wipe = find('.wipe');
  const dialog = find('.full-size');
  let picture = find('.picture');
  let map = find('.map');
  let asked = 0; // pictures are numbered as they are asked for; an older one never replaces a newer one
  let shown = 0;
  let onScreen = '';
  let mapAsked = 0;

  /**
   * Load, decode, then swap in one go, so that the place is never blank.
   * Resolves to 'shown', 'overtaken' (a newer one is on screen) or 'failed'; what was on screen stays then.
   */
  async function show(url, alt) {
    if (url === onScreen && asked === shown) return 'shown';
    const turn = ++asked;
    const next = new Image();
    next.className = 'picture';
    next.alt = alt;
    next.src = url;
    try {
      await next.decode();
    } catch {
      return turn < shown ? 'overtaken' : 'failed';
    }
    if (turn < shown) return 'overtaken';
    shown = turn;
    onScreen = url;
    frame.style.setProperty('--ratio', String(next.naturalWidth / next.naturalHeight));
    picture.replaceWith(next);
    picture = next;
    frame.hidden = false;
    find('.empty').hidden = true;
    return 'shown';
  }

  /** Lay the map over the picture; null takes it away. Resolves to false when it could not be loaded. */
  async function showMap(url) {
    const turn = ++mapAsked;
    if (!url) {
      map.hidden = parts.hidden = true;
      return true;
    }
    const next = new Image();
    next.className = 'map';
    next.alt = "The guide's map";
    next.src = url;
    try {
      await next.decode();
    } catch {
      return turn !== mapAsked;
    }
    if (turn !== mapAsked) return true;
    map.replaceWith(next);
    map = next;
    parts.hidden = false;
    moveWipe();
    return true;
  }

  function moveWipe() {
    const percent = Number(wipe.value);
    frame.style.setProperty('--wipe', `${percent}%`);
    map.style.clipPath = `inset(0 ${100 - percent}% 0 0)`;
    wipe.setAttribute('aria-valuetext', `${percent} % guide, ${100 - percent} % picture`);
  }

  function openFull() {
    const large = new Image();
    large.src = picture.src;
    large.alt = picture.alt;
    find('.full-room').replaceChildren(large);
    dialog.showModal();
  }

  wipe.addEventListener('input', moveWipe);
  find('.full').addEventListener('click', openFull);
  find('.close-full').addEventListener('click', () => dialog.close());
  find('.full-room').addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => find('.full-room').replaceChildren());
  // Escape closes this dialog; the page's own Escape, which stops the run, must not hear it.
  dialog.addEventListener('keydown', (event) => event.stopPropagation());

  return { show, showMap };
}
