/**
 * Text that others wrote, fit for a terminal: control characters, which could move the cursor, hide what follows or answer in
 * the user's name, are shown and not obeyed.
 */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- it is what this is about
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, shown)
}

const shown = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
