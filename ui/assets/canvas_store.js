/* The store: what this browser tab keeps over a reload. Without room or permission it keeps nothing and says nothing:
 * drawing goes on as before. The photo has its own record, so that a large one does not cost the drawing its place.
 */
const STORE_VERSION = 1;

function openStore(key) {
  const name = (part) => "controlnet-studio.canvas." + key + "." + part;

  function put(part, record) {
    if (!key) return;
    try {
      if (record === null) sessionStorage.removeItem(name(part));
      else sessionStorage.setItem(name(part), JSON.stringify({ version: STORE_VERSION, ...record }));
    } catch {
      try { sessionStorage.removeItem(name(part)); } catch { /* no storage at all */ } // rather nothing than the old one
    }
  }

  function get(part, isSound) {
    if (!key) return null;
    try {
      const record = JSON.parse(sessionStorage.getItem(name(part)));
      return record && record.version === STORE_VERSION && isSound(record) ? record : null;
    } catch {
      return null;
    }
  }

  return { put, get };
}

const isDataUrl = (text) => typeof text === "string" && text.startsWith("data:image/");

function isSoundOp(op) {
  if (op.kind === "picture") return op.image === null || (isDataUrl(op.image) && op.w > 0 && op.h > 0);
  return op.kind === "stroke" && op.size > 0 && op.points.length > 0 &&
    op.points.every((p) => p.length === 3 && p.every(Number.isFinite));
}

const isSoundDrawing = (record) => ["draw", "photo"].includes(record.mode) &&
  record.ops.every(isSoundOp) && record.undone.every(isSoundOp);
const isSoundPhoto = (record) => isDataUrl(record.image) && typeof record.name === "string";
