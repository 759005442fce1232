// Finds JSON objects inside a free text, such as a reply that wraps them in prose or code fences.

/** Replies are short; a longer one is not searched beyond this. */
const LONGEST = 8_000;

/** Every outermost JSON object of a text in order; what looks like one but does not parse is left out. */
export function jsonObjects(text: string): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  const searched = text.slice(0, LONGEST);
  let at = searched.indexOf('{');
  while (at >= 0) {
    const end = closingBrace(searched, at);
    if (end < 0) break;
    const value = parsed(searched.slice(at, end + 1));
    if (value) found.push(value);
    // an object that does not parse may hold one that does
    at = searched.indexOf('{', value ? end + 1 : at + 1);
  }
  return found;
}

/** Index of the brace that closes the one at `start`, strings skipped; -1 when it stays open. */
function closingBrace(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let i = start; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '\\') i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '{') depth++;
    else if (c === '}' && --depth === 0) return i;
  }
  return -1;
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
