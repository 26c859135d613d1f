// What this browser remembers: small values by name, gone quietly where storage is refused.

const memory = new Map();

function place(kind) {
  try {
    return kind === "local" ? localStorage : sessionStorage;
  } catch {
    return null;
  }
}

function read(kind, name, fallback) {
  const key = `${kind}:${name}`;
  if (memory.has(key)) return memory.get(key);
  try {
    const text = place(kind)?.getItem(name);
    return text === null || text === undefined ? fallback : JSON.parse(text);
  } catch {
    return fallback;
  }
}

/** Keep a value; return whether it will outlive the page. */
function write(kind, name, value) {
  const key = `${kind}:${name}`;
  try {
    if (value === undefined) place(kind)?.removeItem(name);
    else place(kind).setItem(name, JSON.stringify(value));
    memory.delete(key);
    return true;
  } catch {
    memory.set(key, value);
    return false;
  }
}

/** For good: likes, hides, recent searches. */
export const local = {
  get: (name, fallback) => read("local", name, fallback),
  set: (name, value) => write("local", name, value),
};

/** For this tab: the key, pictures that were dropped. */
export const session = {
  get: (name, fallback) => read("session", name, fallback),
  set: (name, value) => write("session", name, value),
};
