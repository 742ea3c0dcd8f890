/** Which gmon this is. */

/** Semantic version; told by `gmon version`, check-ins and `GET /version`. */
export const VERSION = "0.1.0";
