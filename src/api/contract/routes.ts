/**
 * Where every endpoint lives: the only place that spells methods and paths.
 * It stands apart from the schemas so that the client can know the paths
 * without loading a schema library.
 */

/** Method and path template; `{name}` stands for one parameter. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
}

/** All routes by name. A configuration key and the name of a role may hold slashes, so `{key}` comes last. */
export const ROUTES = {
  clusterStatus: { method: "GET", path: "/v1/status" },
  monitorList: { method: "GET", path: "/v1/monitors" },
  monitorAdd: { method: "POST", path: "/v1/monitors" },
  monitorRemove: { method: "DELETE", path: "/v1/monitors/{name}" },
  monitorPromote: { method: "POST", path: "/v1/monitors/{name}/promote" },
  leadershipTransfer: { method: "POST", path: "/v1/leadership/transfer" },
  backup: { method: "GET", path: "/v1/backup" },
  monitorStanding: { method: "GET", path: "/v1/standing" },
  workerList: { method: "GET", path: "/v1/workers" },
  workerGet: { method: "GET", path: "/v1/workers/{name}" },
  workerRemove: { method: "DELETE", path: "/v1/workers/{name}" },
  workerImpact: { method: "GET", path: "/v1/workers/{name}/impact" },
  workerDrain: { method: "POST", path: "/v1/workers/{name}/drain" },
  workerUndrain: { method: "POST", path: "/v1/workers/{name}/undrain" },
  workerLabel: { method: "POST", path: "/v1/workers/{name}/labels" },
  workerDesired: { method: "GET", path: "/v1/workers/{name}/desired" },
  checkIn: { method: "POST", path: "/v1/checkins" },
  checkInBrief: { method: "POST", path: "/v1/checkins/brief" },
  volumeList: { method: "GET", path: "/v1/volumes" },
  volumeCreate: { method: "POST", path: "/v1/volumes" },
  volumeGet: { method: "GET", path: "/v1/volumes/{name}" },
  volumeDelete: { method: "DELETE", path: "/v1/volumes/{name}" },
  volumeStart: { method: "POST", path: "/v1/volumes/{name}/start" },
  volumeStop: { method: "POST", path: "/v1/volumes/{name}/stop" },
  volumeStatus: { method: "GET", path: "/v1/volumes/{name}/status" },
  volumeVolfile: { method: "GET", path: "/v1/volumes/{name}/volfile" },
  operationList: { method: "GET", path: "/v1/operations" },
  operationGet: { method: "GET", path: "/v1/operations/{id}" },
  rebalanceGet: { method: "GET", path: "/v1/volumes/{name}/rebalance" },
  rebalanceStart: { method: "POST", path: "/v1/volumes/{name}/rebalance" },
  rebalanceStop: { method: "POST", path: "/v1/volumes/{name}/rebalance/stop" },
  healGet: { method: "GET", path: "/v1/volumes/{name}/heal" },
  healFull: { method: "POST", path: "/v1/volumes/{name}/heal/full" },
  eventList: { method: "GET", path: "/v1/events" },
  eventStream: { method: "GET", path: "/v1/events/stream" },
  roleList: { method: "GET", path: "/v1/roles" },
  roleGet: { method: "GET", path: "/v1/roles/{key}" },
  roleExplain: { method: "GET", path: "/v1/role-explanations/{key}" },
  roleMove: { method: "POST", path: "/v1/role-moves/{key}" },
  rolePin: { method: "PUT", path: "/v1/role-pins/{key}" },
  roleUnpin: { method: "DELETE", path: "/v1/role-pins/{key}" },
  roleKindList: { method: "GET", path: "/v1/role-kinds" },
  roleKindAdd: { method: "POST", path: "/v1/role-kinds" },
  roleKindRemove: { method: "DELETE", path: "/v1/role-kinds/{name}" },
  configList: { method: "GET", path: "/v1/config" },
  configGet: { method: "GET", path: "/v1/config/{key}" },
  configPut: { method: "PUT", path: "/v1/config/{key}" },
  configDelete: { method: "DELETE", path: "/v1/config/{key}" },
  configTransaction: { method: "POST", path: "/v1/transactions" },
  quotaGet: { method: "GET", path: "/v1/quota" },
  quotaPut: { method: "PUT", path: "/v1/quota" },
  watch: { method: "GET", path: "/v1/watch" },
  livez: { method: "GET", path: "/livez" },
  readyz: { method: "GET", path: "/readyz" },
  version: { method: "GET", path: "/version" },
  metrics: { method: "GET", path: "/metrics" },
  openapi: { method: "GET", path: "/openapi.json" },
} as const satisfies Record<string, Route>;

/** A route's name; also its `operationId` in the OpenAPI document. */
export type RouteName = keyof typeof ROUTES;

/** The path with its parameters filled in, each percent-encoded; slashes of a key stay. */
export function pathOf(
  name: RouteName,
  parameters: Readonly<Record<string, string>> = {},
): string {
  return ROUTES[name].path.replace(
    /\{(\w+)\}/g,
    (_, parameter: string) =>
      encodeURIComponent(parameters[parameter] ?? "").replaceAll("%2F", "/"),
  );
}
