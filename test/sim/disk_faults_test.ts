import { assertEquals, assertRejects } from "@std/assert";
import { DiskError } from "../../src/platform/ports.ts";
import { stage } from "./stage.ts";

/** Goal: a simulated disk fails as the real one does. Method: one process, one file. */
