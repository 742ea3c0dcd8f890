import { assertEquals } from "@std/assert";
import { Portmap } from "../../src/gluster/mod.ts";

const OLD = { path: "/b", port: 1, pid: 11 };
const NEW = { path: "/b", port: 2, pid: 22 };
const OTHER = { path: "/c", port: 2, pid: 22 };

Deno.test("Portmap knows a port exactly as long as the connection that vouches for it", () => {
  const portmap = new Portmap();
  assertEquals(portmap.find("/b"), null);
  portmap.signIn(1, OLD);
  assertEquals(portmap.find("/b"), OLD);
  assertEquals(portmap.drop(1), [OLD]);
  assertEquals(portmap.find("/b"), null);
  assertEquals(portmap.drop(1), []);
});

Deno.test("Portmap keeps a restarted brick's new port when its old connection ends late", () => {
  const portmap = new Portmap();
  portmap.signIn(1, OLD);
  portmap.signIn(2, NEW);
  assertEquals(portmap.find("/b"), NEW);
  assertEquals(portmap.drop(1), [OLD]);
  assertEquals(portmap.find("/b"), NEW);
  assertEquals(portmap.signOut(2, "/b"), NEW);
  assertEquals(portmap.find("/b"), null);
});

Deno.test("Portmap falls back to an older connection that still lives", () => {
  const portmap = new Portmap();
  portmap.signIn(1, OLD);
  portmap.signIn(2, NEW);
  portmap.drop(2);
  assertEquals(portmap.find("/b"), OLD);
});

Deno.test("Portmap counts a repeated sign-in once and takes its last word", () => {
  const portmap = new Portmap();
  portmap.signIn(1, OLD);
  portmap.signIn(1, NEW);
  assertEquals(portmap.countOf(1), 1);
  assertEquals(portmap.find("/b"), NEW);
  assertEquals(portmap.drop(1), [NEW]);
  assertEquals(portmap.countOf(1), 0);
});

Deno.test("Portmap serves several bricks of one process and forgets them one by one", () => {
  const portmap = new Portmap();
  portmap.signIn(1, NEW);
  portmap.signIn(1, OTHER);
  assertEquals(portmap.pathsOn(2), ["/b", "/c"]);
  assertEquals(portmap.signOut(1, "/b"), NEW);
  assertEquals(portmap.signOut(1, "/b"), null);
  assertEquals(portmap.pathsOn(2), ["/c"]);
  assertEquals(portmap.pathsOn(9), []);
});

Deno.test("Portmap does not let one connection sign another's brick out", () => {
  const portmap = new Portmap();
  portmap.signIn(1, OLD);
  assertEquals(portmap.signOut(2, "/b"), null);
  assertEquals(portmap.find("/b"), OLD);
});
