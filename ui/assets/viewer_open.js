// A saved picture dropped on the viewer or chosen from disk: its bytes go to Python, which reads the settings in them.

const MAX_OPEN_BYTES = 20 * 1024 * 1024;
const PNG_SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

/** opened(dataUrl) and refused(sentence) are called with what became of the file. */
function createOpener(opened, refused) {
  const chooser = find('.file');
  const drop = find('.drop');

  async function open(file) {
    if (!file) return;
    if (file.size > MAX_OPEN_BYTES) return refused('That file is larger than 20 MB; a picture saved by this program is not.');
    try {
      const start = new Uint8Array(await file.slice(0, 8).arrayBuffer());
      if (!PNG_SIGNATURE.every((byte, index) => start[index] === byte)) {
        return refused('That is not a PNG file; only PNG pictures saved by this program carry their settings.');
      }
      opened(await asDataUrl(file));
    } catch {
      refused('That file could not be read; it may have been moved or removed.');
    }
  }

  function asDataUrl(file) {
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(`data:image/png;base64,${String(reader.result).split(',')[1] || ''}`);
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(file);
    });
  }

  const carriesFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes('Files');
  const isForUs = (event) => element.isConnected && carriesFiles(event) && !event.defaultPrevented;

  // The whole page takes a saved picture, except where another part (the guide) has taken the file already.
  document.addEventListener('dragover', (event) => {
    if (!isForUs(event)) return hideDrop();
    event.preventDefault(); // without this the browser would leave the page for the file
    event.dataTransfer.dropEffect = 'copy';
    drop.hidden = false;
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) hideDrop(); // out of the window
  });
  document.addEventListener('drop', (event) => {
    hideDrop();
    if (!isForUs(event)) return;
    event.preventDefault();
    open(event.dataTransfer.files[0]);
  });

  // The guide passes on what it was dropped, when that is a saved picture.
  document.addEventListener('controlnet-studio:open', (event) => {
    if (!element.isConnected) return;
    event.preventDefault();
    open(event.detail);
  });

  function hideDrop() {
    drop.hidden = true;
  }

  find('.open').addEventListener('click', () => chooser.click());
  chooser.addEventListener('change', () => {
    open(chooser.files[0]);
    chooser.value = ''; // so that the same file can be chosen again
  });
}
