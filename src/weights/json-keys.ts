// Finds a key that an object of a JSON text repeats; JSON.parse would silently keep the last one.

const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * The first key that occurs twice in one object of `text`, at any depth; undefined when there is none.
 * @param text valid JSON (as `JSON.parse` has found before)
 */
export function repeatedKey(text: string): string | undefined {
  // One set of keys for each open object, null for each open array.
  const open: (Set<string> | null)[] = [];
  let expectKey = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === QUOTE) {
      const end = endOfString(text, i);
      const keys = open.at(-1);
      if (expectKey && keys) {
        const written = text.slice(i + 1, end - 1);
        const key: string = written.includes('\\') ? JSON.parse(`"${written}"`) : written;
        if (keys.has(key)) return key;
        keys.add(key);
      }
      expectKey = false;
      i = end - 1;
    } else if (char === OPEN_OBJECT) {
      open.push(new Set());
      expectKey = true;
    } else if (char === OPEN_ARRAY) {
      open.push(null);
      expectKey = false;
    } else if (char === CLOSE_OBJECT || char === CLOSE_ARRAY) {
      open.pop();
    } else if (char === COMMA) {
      expectKey = open.at(-1) !== null;
    }
  }
  return undefined;
}

/** Index behind the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let i = text.indexOf('"', start + 1);
  while (isEscaped(text, i)) i = text.indexOf('"', i + 1);
  return i + 1;
}

/** Whether an odd number of backslashes stands before position `i`. */
function isEscaped(text: string, i: number): boolean {
  let first = i;
  while (text.charCodeAt(first - 1) === BACKSLASH) first--;
  return (i - first) % 2 === 1;
}
