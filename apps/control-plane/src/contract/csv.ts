/** CSV by RFC 4180, a line at a time, safe to open in a spreadsheet. */

/** One cell. Text from outside that starts like a formula gets a leading apostrophe. */
function csvCell(value: string | number): string {
  const text =
    typeof value === 'number'
      ? String(value)
      : /^[=+\-@\t\r]/.test(value) && !/^-?\d+(?:\.\d+)?$/.test(value)
        ? `'${value}`
        : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One record with its line end. */
export function csvLine(cells: readonly (string | number)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}
