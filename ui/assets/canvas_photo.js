/* The photo: a file as it is, never encoded again. What kind of picture it really is, the server finds out. */
const PHOTO_TYPES = ["", "image/png", "image/jpeg", "image/pjpeg", "image/webp", "image/bmp", "image/x-ms-bmp", "image/gif"];
const PHOTO_KINDS = "PNG, JPEG, WebP, BMP or GIF";

function readAsDataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

/** Whether `file` is a picture saved by this program, whose settings stand in a text chunk before its pixels. */
async function carriesSettings(file) {
  if (!file || (file.type && file.type !== "image/png")) return false;
  try {
    const start = new TextDecoder("latin1").decode(await file.slice(0, 131072).arrayBuffer());
    return start.slice(1, 4) === "PNG" && start.includes("iTXtcontrolnet-studio\0");
  } catch {
    return false; // what cannot be read is refused in a sentence where photos are read
  }
}

/** Offer `file` to whoever restores saved pictures on this page; true when it was taken. */
function offerSavedPicture(file) {
  return !document.dispatchEvent(new CustomEvent("controlnet-studio:open", { detail: file, cancelable: true }));
}

/** Read `file` into {image: data URL, name}; throws an Error whose message is a sentence for the person. */
async function readPhoto(file, maxMb) {
  const name = file.name || "The picture";
  if (!PHOTO_TYPES.includes(file.type)) throw new Error(name + " is not a photo. Choose a " + PHOTO_KINDS + " file.");
  if (!file.size) throw new Error(name + " is empty. Choose another file.");
  if (file.size > maxMb * 1024 * 1024) {
    const mb = (file.size / 1024 / 1024).toFixed(1);
    throw new Error(name + " has " + mb + " MB; the limit is " + maxMb + " MB. Choose a smaller file.");
  }
  let bytes;
  try {
    bytes = await readAsDataUrl(file);
  } catch {
    throw new Error(name + " could not be read. Choose it again.");
  }
  const image = "data:" + (file.type || "image/png") + bytes.slice(bytes.indexOf(";base64,"));
  try {
    await Object.assign(new Image(), { src: image }).decode();
  } catch {
    throw new Error(name + " could not be opened as a picture. Choose a " + PHOTO_KINDS + " file.");
  }
  return { image, name: file.name || "Pasted picture" };
}

/** The photo's pane. `onChange` is called after each change; `say` shows a sentence, "" takes it away. */
function openPhotoPane(root, maxMb, onChange, say) {
  const find = (selector) => root.querySelector(selector);
  const picture = find(".gc-image"), file = find(".gc-file");
  let photo = null, asked = 0;

  function show(next) {
    asked += 1; // whatever is still being read comes too late
    photo = next;
    picture.hidden = !photo;
    if (photo) picture.src = photo.image;
    else picture.removeAttribute("src");
    find(".gc-photo").classList.toggle("gc-filled", !!photo);
    find(".gc-empty").hidden = !!photo;
    find("[data-act=replace]").hidden = find("[data-act=remove]").hidden = !photo;
    find(".gc-name").textContent = photo ? photo.name : "";
    picture.alt = photo ? "Photo: " + photo.name : "";
  }

  async function take(files) {
    const turn = (asked += 1);
    say("");
    try {
      const next = await readPhoto(files[0], maxMb);
      if (turn !== asked) return;
      show(next);
      onChange("Photo chosen");
    } catch (error) {
      if (turn === asked) say(error.message);
    }
  }

  file.addEventListener("change", () => {
    if (file.files.length) take([...file.files]);
    file.value = ""; // the same file chosen again is a change, too
  });

  return {
    show,
    take,
    photo: () => photo,
    choose: () => file.click(),
    remove() {
      say("");
      show(null);
      onChange("Photo removed");
      find("[data-act=choose]").focus();
    },
  };
}
