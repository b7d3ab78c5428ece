/* The page: one set of listeners on the document serves every guide canvas on it, and goes when the last one goes.
 *
 * A canvas joins with {element, mode(), act(name), takeFiles(files)}.
 */
const PAGE_KEY = "__guideCanvases"; // on window: each component runs this script anew

function isTextField(node) {
  if (!(node instanceof Element)) return false;
  if (node.isContentEditable || node.closest("textarea, select, [role=textbox]")) return true;
  const input = node.closest("input");
  return !!input && !/^(range|checkbox|radio|button|submit|reset|color|file|image)$/.test(input.type);
}

/** The pressed letter on any keyboard layout: a Cyrillic keyboard's Ctrl+Z is still undo. */
function letterOf(event) {
  return /^[a-z]$/i.test(event.key) ? event.key.toLowerCase() : event.code.replace(/^Key/, "").toLowerCase();
}

function joinPage(canvas) {
  const page = window[PAGE_KEY] || (window[PAGE_KEY] = openPage());
  page.canvases.add(canvas);
  const use = () => { page.latest = canvas; };
  canvas.element.addEventListener("pointerdown", use);
  canvas.element.addEventListener("focusin", use);
}

function openPage() {
  const page = { canvases: new Set(), latest: null };

  /** The canvas an event is meant for: the one it happened in, else the one used last, else the first to be seen. */
  function chosen(event) {
    for (const canvas of page.canvases) if (!canvas.element.isConnected) page.canvases.delete(canvas);
    if (!page.canvases.size) {
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("paste", onPaste);
      if (window[PAGE_KEY] === page) delete window[PAGE_KEY];
    }
    const seen = [...page.canvases].filter((canvas) => canvas.element.getClientRects().length);
    const within = seen.find((canvas) => canvas.element.contains(event.target));
    return within || (seen.includes(page.latest) ? page.latest : seen[0]);
  }

  function onKey(event) {
    const canvas = chosen(event);
    if (!canvas || event.defaultPrevented || event.altKey || !(event.ctrlKey || event.metaKey)) return;
    if (isTextField(event.target) || canvas.mode() !== "draw") return;
    const letter = letterOf(event);
    if (letter !== "z" && !(letter === "y" && !event.shiftKey)) return;
    canvas.act(letter === "z" && !event.shiftKey ? "undo" : "redo");
    event.preventDefault();
  }

  function onPaste(event) {
    const canvas = chosen(event), files = event.clipboardData && event.clipboardData.files;
    if (!canvas || event.defaultPrevented || !files || !files.length || isTextField(event.target)) return;
    if (canvas.mode() !== "photo" && !canvas.element.contains(event.target)) return;
    canvas.takeFiles(files);
    event.preventDefault();
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("paste", onPaste);
  return page;
}
