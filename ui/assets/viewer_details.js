// What stands under the picture: its line, notes, buttons, and the other pictures of the same run.

const NO_PICTURE = 'There is no finished picture yet.';
const NOT_SAVED = 'This picture could not be saved, so its settings are not on disk.';
const NO_SEED = 'The seed of this picture is not known.';
const NO_MAP_RUN = 'This picture was made without a guide.';
const NO_MAP_SAVED = "This picture's guide is not at hand; use its settings again to see it.";

/** choose(item): another picture of the set was asked for. compare(on, url): the map to lay over, or null. */
function createDetails(handlers) {
  const download = find('.download');
  const compare = find('.compare');
  const whichMap = find('.which-map');
  let item = null; // the picture the buttons speak of; null while a half-made one is on screen
  let comparing = false; // what the person wants; it lasts from picture to picture

  function enable(button, reason) {
    button.disabled = Boolean(reason);
    button.title = reason || '';
  }

  /** Show everything about a finished picture, or about none. */
  function show(next) {
    item = next;
    find('.facts').textContent = item ? factsOf(item) : '';
    find('.facts').title = item ? factsOf(item) : '';
    if (item) showNotes(item.notes);
    showDownload();
    enable(find('.keep-seed'), !item ? NO_PICTURE : Number.isFinite(item.seed) ? '' : NO_SEED);
    enable(find('.restore'), !item ? NO_PICTURE : item.file ? '' : NOT_SAVED);
    enable(find('.full'), item ? '' : NO_PICTURE);
    showSet();
    showCompare();
  }

  function showNotes(notes) {
    const sentences = notes.map((note) => make('li', '', String(note)));
    find('.notes').replaceChildren(...sentences);
  }

  function showDownload() {
    // The saved file carries its settings; the run's own picture serves where saving failed.
    if (item) {
      download.href = item.file ? savedAddress(item.file) : item.url;
      download.download = item.file ? baseName(item.file) : `picture-${item.seed ?? 0}.png`;
      download.removeAttribute('aria-disabled');
      download.title = '';
    } else {
      download.removeAttribute('href');
      download.removeAttribute('download');
      download.setAttribute('aria-disabled', 'true');
      download.title = NO_PICTURE;
    }
  }

  function showSet() {
    const set = item ? item.set : [];
    const box = find('.set');
    box.hidden = set.length < 2;
    if (box.hidden) return box.replaceChildren();
    if (box.childElementCount === set.length && box.items === set) return markSet(box);
    box.items = set;
    box.replaceChildren(...set.map((other, index) => thumbnailOfSet(other, index, set.length)));
    return markSet(box);
  }

  function thumbnailOfSet(other, index, count) {
    const button = make('button', 'thumbnail');
    button.type = 'button';
    button.setAttribute('aria-label', `Picture ${index + 1} of ${count}, seed ${other.seed}`);
    const image = new Image();
    image.alt = '';
    image.src = other.url;
    button.append(image);
    button.addEventListener('click', () => handlers.choose(other));
    return button;
  }

  function markSet(box) {
    [...box.children].forEach((button, index) => button.setAttribute('aria-pressed', String(box.items[index] === item)));
  }

  function showCompare() {
    const maps = item ? item.maps : [];
    whichMap.hidden = maps.length < 2 || !comparing;
    if (whichMap.childElementCount !== maps.length) {
      whichMap.replaceChildren(...maps.map((_, index) => make('option', '', `Guide ${index + 1}`)));
    }
    enable(compare, !item ? NO_PICTURE : maps.length ? '' : item.set.length ? NO_MAP_RUN : NO_MAP_SAVED);
    const on = comparing && maps.length > 0;
    compare.setAttribute('aria-pressed', String(on));
    handlers.compare(on ? maps[Math.max(0, whichMap.selectedIndex)] : null);
  }

  /** The map could not be fetched: the server keeps those of the latest runs only. */
  function forgetMaps() {
    if (!item) return;
    item.maps = [];
    showCompare();
    enable(compare, NO_MAP_SAVED);
  }

  download.addEventListener('click', (event) => {
    if (!item) event.preventDefault();
  });
  compare.addEventListener('click', () => {
    comparing = !comparing;
    showCompare();
  });
  whichMap.addEventListener('change', showCompare);
  find('.keep-seed').addEventListener('click', () => handlers.ask({ action: 'seed', seed: item.seed }, 'input'));
  find('.restore').addEventListener('click', () => handlers.ask({ action: 'restore', name: item.file }, 'select'));
  show(null);

  return { show, showNotes, forgetMaps };
}
