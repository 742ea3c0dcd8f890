/** Paths as people type them. */

/** `path` as seen from `directory`, without `.` and superfluous slashes; `..` stays, as links may lie before it. */
export function absolutePath(path: string, directory: string): string {
  const whole = path.startsWith("/") ? path : `${directory}/${path}`;
  const parts = whole.split("/").filter((part) => part !== "" && part !== ".");
  return `/${parts.join("/")}`;
}
