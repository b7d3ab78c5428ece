/* The guide canvas: two sources, one value. Runs once when the component is put on the page, after the files it is
 * joined with; Gradio gives `element`, `props`, `trigger` and `watch`, and ui/canvas.py gives `initial`, the props as
 * they were at first. The value goes out as {mode, image, rev}; the page counts rev from 1, and 0 marks what Python
 * sent.
 */
const root = element.querySelector(".gc");
const find = (selector) => root.querySelector(selector);
const findAll = (selector) => [...root.querySelectorAll(selector)];

/** Gradio forgets a component's props when an update is followed by taking it off the page and putting it back; what
 * was last set is therefore remembered on the window for as long as the page lives. */
const remembered = ((window.__guideCanvasProps ||= {})[initial.storage_key || element.id] ||= {});
const setting = (name) => props[name] ?? remembered[name] ?? initial[name];
const remember = () => { for (const name of ["width", "height", "live_ms"]) remembered[name] = setting(name); };

const store = openStore(initial.storage_key);
const drawing = new Drawing();
const tools = { tool: "pen", brush: Math.round(Number(initial.brush)) || 6 };
const paper = openPaper(find(".gc-canvas"), drawing, tools, () => Math.min(setting("width"), setting("height")), {
  move() {
    find(".gc-hint").hidden = true;
    sendEdits();
  },
  stroke() {
    stopEdits();
    publish("input");
  },
});
const photoPane = openPhotoPane(root, initial.max_photo_mb, (text) => {
  showMode("photo");
  savePhoto();
  publish("input", text);
}, say);

let mode = "draw", rev = 0, blank = true, loading = 0;
let editTimer = 0, editedAt = 0;

/* ---- the value ---- */

function publish(event, text) {
  let image = null;
  if (mode === "draw") {
    image = drawing.export(setting("width"), setting("height"), paper.stroke());
    blank = image === null;
  } else if (photoPane.photo()) {
    image = photoPane.photo().image;
  }
  rev += 1;
  props.value = { mode, image, rev }; // before trigger: Gradio sends what it finds
  refresh();
  if (event !== "edit") {
    const { ops, undone } = drawing;
    store.put("drawing", { mode, ops, undone, ...tools });
    if (event) say("");
  }
  if (event) trigger(event);
  if (text) find(".gc-status").textContent = text;
}

function savePhoto() {
  store.put("photo", photoPane.photo());
}

/** Send `edit` while the stroke grows, the newest state at most every live_ms milliseconds. */
function sendEdits() {
  const pause = Number(setting("live_ms"));
  if (!(pause > 0) || editTimer) return;
  editTimer = setTimeout(() => {
    editTimer = 0;
    editedAt = performance.now();
    if (paper.stroke()) publish("edit");
  }, Math.max(0, editedAt + pause - performance.now()));
}

function stopEdits() {
  clearTimeout(editTimer);
  editTimer = 0;
}

/** Take over a value that Python sent. */
async function load(value) {
  const turn = (loading += 1);
  if (value.image && value.mode === "draw") {
    await decode(value.image);
    if (turn !== loading) return; // a newer value was faster
    await drawing.addPicture(value.image, setting("width"), setting("height"));
  } else if (value.image) {
    photoPane.show({ image: value.image, name: "Picture" });
  } else {
    if (drawing.ops.length && !blank) drawing.add({ kind: "picture", image: null });
    photoPane.show(null);
  }
  savePhoto();
  showMode(value.mode);
  publish(null); // from now on the value is the page's own, at the paper's size
}

/** Put back what the tab kept over a reload; false when it kept nothing. */
async function restore() {
  const kept = store.get("drawing", isSoundDrawing);
  if (!kept) return false;
  drawing.ops = kept.ops;
  drawing.undone = kept.undone;
  if (kept.brush >= 1 && kept.brush <= 48) tools.brush = kept.brush;
  tools.tool = kept.tool === "eraser" ? "eraser" : "pen";
  await drawing.load();
  photoPane.show(store.get("photo", isSoundPhoto));
  showMode(kept.mode);
  return true;
}

/* ---- what the person does ---- */

function showMode(next) {
  mode = next;
  for (const tab of findAll(".gc-tab")) {
    tab.setAttribute("aria-selected", String(tab.dataset.mode === mode));
    tab.tabIndex = tab.dataset.mode === mode ? 0 : -1;
  }
  for (const panel of findAll(".gc-panel")) panel.hidden = panel.dataset.panel !== mode;
  paper.refresh();
}

function changeMode(next) {
  if (next === mode || paper.stroke()) return;
  showMode(next);
  publish("input", next === "draw" ? "Drawing" : "Photo");
}

function setBrush(size) {
  tools.brush = Math.min(48, Math.max(1, Math.round(size)));
  refresh();
}

const ACTS = {
  pen() { tools.tool = "pen"; refresh("Pen"); },
  eraser() { tools.tool = "eraser"; refresh("Eraser"); },
  undo() {
    if (!drawing.ops.length) return refresh("Nothing to undo");
    drawing.undo();
    publish("input", "Undone. Steps left: " + drawing.ops.length);
  },
  redo() {
    if (!drawing.undone.length) return refresh("Nothing to redo");
    drawing.redo();
    publish("input", "Redone. Steps left: " + drawing.undone.length);
  },
  clear() {
    if (blank) return refresh("The paper is empty");
    drawing.add({ kind: "picture", image: null });
    publish("input", "Cleared");
  },
  choose: () => photoPane.choose(),
  replace: () => photoPane.choose(),
  remove: () => photoPane.remove(),
};

function act(name) {
  if (ACTS[name] && !paper.stroke()) ACTS[name]();
}

/* ---- what is shown ---- */

function say(sentence) {
  const message = find(".gc-message");
  message.textContent = sentence;
  message.hidden = !sentence;
}

function refresh(text) {
  const on = (name, attribute, value) => find("[data-act=" + name + "]").setAttribute(attribute, String(value));
  for (const tool of ["pen", "eraser"]) on(tool, "aria-pressed", tools.tool === tool);
  on("undo", "aria-disabled", !drawing.ops.length);
  on("redo", "aria-disabled", !drawing.undone.length);
  on("clear", "aria-disabled", blank);
  const size = find(".gc-size");
  size.value = String(tools.brush);
  size.setAttribute("aria-valuetext", tools.brush + " pixels on paper of " + BRUSH_UNIT);
  find(".gc-size-text").textContent = String(tools.brush);
  find(".gc-hint").hidden = !blank || !!paper.stroke();
  Object.assign(element.dataset, { rev: String(rev), mode });
  if (text) find(".gc-status").textContent = text;
  paper.refresh();
}

function layOut() {
  element.parentElement.style.padding = "0"; // Gradio pads its HTML block; paper wants the whole column
  root.style.setProperty("--gc-ratio", String(setting("width") / setting("height")));
  paper.refresh();
}

/* ---- wiring ---- */

root.setAttribute("aria-label", props.label || "Guide");
find(".gc-canvas").setAttribute("aria-label",
  (props.label || "Guide") + ": paper. Draw with the mouse, a finger or a pen.");
for (const tab of findAll(".gc-tab")) {
  const panel = find("[data-panel=" + tab.dataset.mode + "]");
  Object.assign(tab, { id: element.id + "-tab-" + tab.dataset.mode });
  Object.assign(panel, { id: element.id + "-panel-" + tab.dataset.mode });
  tab.setAttribute("aria-controls", panel.id);
  panel.setAttribute("aria-labelledby", tab.id);
}

root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button && button.dataset.mode) changeMode(button.dataset.mode);
  else if (button) act(button.dataset.act);
});
find(".gc-size").addEventListener("input", (event) => setBrush(Number(event.target.value)));

find(".gc-tabs").addEventListener("keydown", (event) => {
  if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
  event.preventDefault();
  changeMode(event.key === "Home" || (event.key !== "End" && mode === "photo") ? "draw" : "photo");
  find("[aria-selected=true]").focus();
});

find("[data-panel=draw]").addEventListener("keydown", (event) => {
  if (event.key === "[" || event.key === "]") setBrush(tools.brush + (event.key === "[" ? -1 : 1));
  else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if (letterOf(event) === "b") act("pen");
  else if (letterOf(event) === "e") act("eraser");
  else if (event.key === "Delete" && event.target === find(".gc-canvas")) act("clear");
  else return;
  event.preventDefault();
});

const hasFiles = (event) => !!event.dataTransfer && [...event.dataTransfer.types].includes("Files");
root.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  root.classList.add("gc-dropping");
});
root.addEventListener("dragleave", (event) => {
  if (!root.contains(event.relatedTarget)) root.classList.remove("gc-dropping");
});
root.addEventListener("drop", (event) => {
  root.classList.remove("gc-dropping");
  if (!hasFiles(event)) return;
  event.preventDefault();
  takeDropped([...event.dataTransfer.files]);
});

watch(["value", "width", "height", "live_ms"], () => {
  const resized = ["width", "height"].some((name) => remembered[name] !== setting(name));
  remember();
  layOut();
  if (props.value && props.value.rev === 0) load(props.value);
  else if (mode === "draw" && resized) publish(blank ? null : "input"); // drawn again
});

/** A picture saved by this program brings its settings back; to use it as a photo it is chosen or pasted. */
async function takeDropped(files) {
  if ((await carriesSettings(files[0])) && offerSavedPicture(files[0])) return;
  photoPane.take(files);
}

joinPage({ element, mode: () => mode, act, takeFiles: (files) => photoPane.take([...files]) });
remember();
layOut();
refresh();
restore().catch(() => false).then(async (restored) => {
  if (restored) publish("input");
  else if (props.value && props.value.image) await load(props.value);
  element.dataset.ready = "1";
});
