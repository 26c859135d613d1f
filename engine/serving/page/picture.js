// Pictures that a person chooses, drops or pastes: made small here, upright, over white.

import { $ } from "./dom.js";
import { dataOf, keepPicture } from "./query.js";

// The engine looks no closer.
const LONGEST = 1024;
const QUALITY = 0.9;
const LARGEST_BYTES = 20 * 1024 * 1024;
const urls = new Map();

/** Return the name of a picture file, ready to be part of a query; raise Error with what is wrong. */
export async function take(file) {
  if (file.size > LARGEST_BYTES) throw new Error("That picture is over 20 MB. Choose a smaller one.");
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    // A format that this browser can't show; the engine may know it.
    if (!file.type.startsWith("image/")) throw new Error(`“${file.name || "That"}” is no picture.`);
    return keepPicture(await asDataUrl(file));
  }
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return keepPicture(canvas.toDataURL("image/jpeg", QUALITY));
}

/** Return an address under which an <img> can show a kept picture; raise PictureGone. */
export function urlOf(name) {
  if (!urls.has(name)) {
    const [head, data] = dataOf(name).split(",");
    const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
    urls.set(name, URL.createObjectURL(new Blob([bytes], { type: /^data:([^;]+)/.exec(head)[1] })));
  }
  return urls.get(name);
}

function asDataUrl(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(new Error("The file can't be read."));
    reader.readAsDataURL(file);
  });
}

/** Take pictures from the button, from the clipboard, and from what is dropped anywhere. */
export function listen(taken, failed) {
  const field = $("#file");
  const use = (file) => take(file).then(taken, (error) => failed(error.message));
  $(".camera").addEventListener("click", () => field.click());
  field.addEventListener("change", () => {
    if (field.files[0]) use(field.files[0]);
    field.value = "";
  });
  addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    use(file);
  });
  const veil = $(".dropping");
  const holdsFile = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  addEventListener("drop", (event) => {
    veil.hidden = true;
    if (!holdsFile(event)) return;
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) use(file);
  });
}
