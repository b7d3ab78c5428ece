/* Ink: what is on the paper, as a list of operations, and how it is painted.
 *
 * Lengths are in units of the paper's shorter side, measured from its middle; so paper of another shape keeps every
 * circle round and loses nothing. Operations, oldest first:
 *   {kind: "stroke", erase: bool, size: thickness, points: [[x, y, factor of the thickness], ...]}
 *   {kind: "picture", image: data URL or null, w, h}   replaces all before it; null is empty paper
 */
const PAPER = "#ffffff", INK = "#000000";
const BRUSH_UNIT = 512; // brush sizes are pixels on paper whose shorter side is this
const THINNEST = 1.5; // pixels of the exported picture: thinner lines fade to grey
const INK_LEVEL = 250; // an exported pixel below this is ink; above it lies the rounding of erased edges

/** Decoded pictures by data URL: decoding is asynchronous, painting is not. */
const decoded = new Map();

async function decode(dataUrl) {
  if (!decoded.has(dataUrl)) {
    const image = new Image();
    image.src = dataUrl;
    await image.decode();
    decoded.set(dataUrl, image);
  }
  return decoded.get(dataUrl);
}

/** Paint one stroke: a curve through the middles between its points. `thinnest` in pixels of `ctx`. */
function paintStroke(ctx, stroke, width, height, thinnest) {
  const unit = Math.min(width, height), points = stroke.points;
  const x = (p) => width / 2 + p[0] * unit, y = (p) => height / 2 + p[1] * unit;
  const thickness = (factor) => Math.max(thinnest, stroke.size * unit * factor);
  const even = points.every((p) => p[2] === points[0][2]);
  ctx.strokeStyle = ctx.fillStyle = stroke.erase ? PAPER : INK;
  ctx.lineCap = ctx.lineJoin = "round";
  ctx.lineWidth = thickness(points[0][2]);
  ctx.beginPath();
  if (points.length === 1) {
    ctx.arc(x(points[0]), y(points[0]), ctx.lineWidth / 2, 0, 2 * Math.PI);
    ctx.fill();
    return;
  }
  ctx.moveTo(x(points[0]), y(points[0]));
  for (let i = 1; i < points.length; i += 1) {
    const a = points[i - 1], b = points[i];
    const middle = [(x(a) + x(b)) / 2, (y(a) + y(b)) / 2];
    ctx.quadraticCurveTo(x(a), y(a), ...middle);
    if (!even) { // one path has one thickness
      ctx.stroke();
      ctx.lineWidth = thickness((a[2] + b[2]) / 2);
      ctx.beginPath();
      ctx.moveTo(...middle);
    }
  }
  const last = points[points.length - 1];
  ctx.lineTo(x(last), y(last));
  ctx.stroke();
}

function paintPicture(ctx, op, width, height) {
  ctx.fillStyle = PAPER;
  ctx.fillRect(0, 0, width, height);
  const image = op.image && decoded.get(op.image);
  if (!image) return;
  const unit = Math.min(width, height), w = op.w * unit, h = op.h * unit;
  ctx.imageSmoothingQuality = "high";
  ctx.drawImage(image, (width - w) / 2, (height - h) / 2, w, h);
}

/** Finished operations painted at one size. Remembers what it has painted, so that a new stroke costs one stroke. */
class Layer {
  constructor(options) {
    this.canvas = document.createElement("canvas");
    this.options = options;
    this.ctx = this.painted = null;
  }

  resize(width, height) {
    if (this.ctx && this.canvas.width === width && this.canvas.height === height) return;
    Object.assign(this.canvas, { width, height });
    this.ctx = this.canvas.getContext("2d", this.options);
    this.painted = null;
  }

  /** Bring the layer to `ops`; `thinnest` in pixels of this layer. */
  paint(ops, thinnest) {
    const { width, height } = this.canvas;
    const goesOn = this.painted && this.thinnest === thinnest && this.painted.every((op, i) => op === ops[i]);
    const from = goesOn ? this.painted.length : 0;
    if (!goesOn) paintPicture(this.ctx, { image: null }, width, height);
    for (const op of ops.slice(from)) {
      if (op.kind === "picture") paintPicture(this.ctx, op, width, height);
      else paintStroke(this.ctx, op, width, height, thinnest);
    }
    Object.assign(this, { painted: ops.slice(), thinnest });
  }
}

/** The history of one drawing, with undo, and its picture at the size the model is given. */
class Drawing {
  constructor() {
    this.ops = [];
    this.undone = [];
    const options = { willReadFrequently: true }; // painted by the processor: the same on every device
    this.layer = new Layer(options);
    this.output = new Layer(options);
  }

  add(op) {
    this.ops.push(op);
    this.undone = [];
  }

  undo() {
    if (this.ops.length) this.undone.push(this.ops.pop());
  }

  redo() {
    if (this.undone.length) this.ops.push(this.undone.pop());
  }

  /** Every picture of the history decoded: undo must be able to paint at once. */
  async load() {
    const images = [...this.ops, ...this.undone].map((op) => op.image).filter(Boolean);
    await Promise.all(images.map(decode));
  }

  /** Put a picture under the next strokes, whole and centred; its pixels one to one when it has the paper's size. */
  async addPicture(dataUrl, width, height) {
    const image = await decode(dataUrl), unit = Math.min(width, height);
    const scale = Math.min(width / image.naturalWidth, height / image.naturalHeight) / unit;
    this.add({ kind: "picture", image: dataUrl, w: image.naturalWidth * scale, h: image.naturalHeight * scale });
  }

  /** The drawing as a PNG data URL of exactly `width` x `height`, with the `growing` stroke on top; null when blank. */
  export(width, height, growing) {
    const { layer, output } = this;
    layer.resize(width, height);
    layer.paint(this.ops, THINNEST);
    output.resize(width, height);
    output.ctx.drawImage(layer.canvas, 0, 0);
    if (growing) paintStroke(output.ctx, growing, width, height, THINNEST); // not on the layer: it will change yet
    const pixels = output.ctx.getImageData(0, 0, width, height).data;
    for (let i = 0; i < pixels.length; i += 4) {
      if (Math.min(pixels[i], pixels[i + 1], pixels[i + 2]) < INK_LEVEL) return output.canvas.toDataURL("image/png");
    }
    return null;
  }
}
