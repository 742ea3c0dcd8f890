/** Floor 0: what every floor stands on. Pure, and knows nothing of gmon's domain. */

export * from "./assert.ts";
export * from "./bounded_queue.ts";
export * from "./bytes.ts";
export * from "./crc32c.ts";
export * from "./digest.ts";
export * from "./heap.ts";
export * from "./limits.ts";
export * from "./msgpack.ts";
export * from "./prng.ts";
export * from "./problem.ts";
export * from "./rfc3339.ts";
export * from "./uuid.ts";
export * from "./version.ts";
