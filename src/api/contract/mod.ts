/** The API's declaration; it compiles and can be read without the server. */

export { problemsOf } from "./endpoint.ts";
export type { Answer, Endpoint } from "./endpoint.ts";
export { BRIEFS_MAX } from "./check_in.ts";
export { ENDPOINTS } from "./endpoints.ts";
export { pathOf, ROUTES } from "./routes.ts";
export type { Route, RouteName } from "./routes.ts";
export { COMPONENTS, PAGE_LIMIT_MAX } from "./schema.ts";
export { WATCH_KINDS } from "./config.ts";
export type * from "./types.ts";
