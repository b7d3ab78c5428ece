/* The paper on the screen: shows the drawing at the screen's own resolution and turns pointers into strokes. */
const PEN_ERASER = 32; // bit of PointerEvent.buttons for the other end of a stylus
const SMALLEST_RING = 4; // screen pixels of radius; a smaller brush is shown by the crosshair alone

const rounded = (number, digits) => Math.round(number * 10 ** digits) / 10 ** digits;

/**
 * @param canvas the canvas element on the screen
 * @param drawing a Drawing; finished strokes are added to it
 * @param tools {tool: "pen" | "eraser", brush: size in BRUSH_UNIT}
 * @param unitOfPicture () => the shorter side of the exported picture in pixels
 * @param on {move(), stroke()}: called while a stroke grows and after it has ended
 */
function openPaper(canvas, drawing, tools, unitOfPicture, on) {
  const ctx = canvas.getContext("2d"), settled = new Layer();
  let stroke = null, pointer = null, hover = null, frame = 0;

  function render() {
    frame = 0;
    const box = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    const width = Math.round(box.width * ratio), height = Math.round(box.height * ratio);
    if (!width || !height) return; // the other pane or another tab is open
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const thinnest = THINNEST * Math.min(width, height) / unitOfPicture(); // as thin as the model will be given it
    settled.resize(width, height);
    settled.paint(drawing.ops, thinnest);
    ctx.drawImage(settled.canvas, 0, 0);
    if (stroke) paintStroke(ctx, stroke, width, height, thinnest);
    if (hover) paintRing(box, ratio);
  }

  const refresh = () => { frame = frame || requestAnimationFrame(render); };

  /** The brush's outline under the pointer: black on white, so that it shows on paper and on ink. */
  function paintRing(box, ratio) {
    const radius = (tools.brush / BRUSH_UNIT) * Math.min(box.width, box.height) / 2;
    canvas.classList.toggle("gc-ring", radius >= SMALLEST_RING);
    if (radius < SMALLEST_RING) return;
    for (const [color, thickness] of [["#fff", 3], ["#000", 1]]) {
      ctx.beginPath();
      ctx.arc(hover.x * ratio, hover.y * ratio, radius * ratio, 0, 2 * Math.PI);
      Object.assign(ctx, { strokeStyle: color, lineWidth: thickness * ratio });
      ctx.stroke();
    }
  }

  function pointOf(event, box) {
    const unit = Math.min(box.width, box.height);
    const across = (event.clientX - box.left - box.width / 2) / unit;
    const down = (event.clientY - box.top - box.height / 2) / unit;
    // A mouse has no pressure and a finger's is noise. Half pressure draws the size that was set.
    const factor = event.pointerType === "pen" ? 0.25 + 1.5 * event.pressure : 1;
    return [rounded(across, 4), rounded(down, 4), rounded(factor, 2)];
  }

  function follow(event) {
    const box = canvas.getBoundingClientRect();
    hover = event.pointerType === "touch" ? null : { x: event.clientX - box.left, y: event.clientY - box.top };
    refresh();
    return box;
  }

  function begin(event) {
    if (stroke) return; // a second finger, or a palm beside the pen
    const erases = event.pointerType === "pen" && (event.buttons & PEN_ERASER) !== 0;
    if (event.button !== 0 && !erases) return;
    const box = follow(event);
    pointer = event.pointerId;
    try {
      canvas.setPointerCapture(pointer);
    } catch { /* the pointer is gone already: there is nothing to hold */ }
    canvas.classList.add("gc-pointed"); // no focus ring around the paper of somebody who draws
    canvas.focus({ preventScroll: true });
    const erase = erases || tools.tool === "eraser";
    stroke = { kind: "stroke", erase, size: tools.brush / BRUSH_UNIT, points: [pointOf(event, box)] };
    on.move();
  }

  function move(event) {
    const box = follow(event);
    if (!stroke || event.pointerId !== pointer) return;
    const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const each of events.length ? events : [event]) {
      const point = pointOf(each, box), last = stroke.points[stroke.points.length - 1];
      if (point.some((number, i) => number !== last[i])) stroke.points.push(point);
    }
    on.move();
  }

  function end(event) {
    if (!stroke || event.pointerId !== pointer) return;
    drawing.add(stroke);
    stroke = pointer = null;
    refresh();
    on.stroke();
  }

  canvas.addEventListener("pointerdown", begin);
  canvas.addEventListener("pointermove", move);
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(name, end);
  canvas.addEventListener("pointerleave", () => { hover = null; refresh(); });
  // A long press of a finger or pen is a slow start, not a wish for a menu.
  canvas.addEventListener("contextmenu", (event) => { if (stroke || event.pointerType !== "mouse") event.preventDefault(); });
  canvas.addEventListener("keydown", () => canvas.classList.remove("gc-pointed"));
  canvas.addEventListener("blur", () => canvas.classList.remove("gc-pointed"));
  new ResizeObserver(refresh).observe(canvas);

  return { refresh, stroke: () => stroke };
}
