/** Watching at the terminal while monitors come and go. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FakeMonitor } from "../api/fake_monitor.ts";
import { gmon, type Ran } from "./fake_terminal.ts";

/** A watch whose monitors can be taken away; time passes as the test says. */
class Watch {
  readonly monitor = new FakeMonitor();
  /** How often the monitors were asked in vain. */
  vain = 0;
  isDown = false;
  ended: Ran | null = null;

  async begin(line: string, readerLeavesAfter = Infinity): Promise<void> {
    await this.monitor.found();
    await this.monitor.addWorkers(1);
    const isDown = (): boolean => {
      if (this.isDown) this.vain++;
      return this.isDown;
    };
    void gmon(this.monitor, line, { readerLeavesAfter, slowTime: true, isDown })
      .then((ran) => this.ended = ran);
    await this.pass(0);
  }

  /** Lets `seconds` pass in small steps, with all that happens meanwhile. */
  async pass(seconds: number): Promise<void> {
    for (let step = 0; step <= 2 * seconds; step++) {
      if (step > 0) this.monitor.clock.advance(500);
      for (let turns = 0; turns < 3; turns++) {
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    }
  }

  async drain(): Promise<void> {
    await this.monitor.ask("POST", "/v1/workers/w1/drain");
    await this.pass(0);
  }
}

for (const line of ["events worker --watch", "worker watch"]) {
  Deno.test(`gmon ${line} waits longer and longer for monitors that are gone, and says so once`, async () => {
    const watch = new Watch();
    await watch.begin(line, 2);
    watch.isDown = true;
    // The request under way ends, and the next ones find nobody.
    await watch.pass(60);
    assertEquals(watch.ended, null);
    // After 20 s at most, and then after 0.5, 1, 2, 4, 8 and 10 s.
    assert(watch.vain >= 5 && watch.vain <= 10, `${watch.vain} tries`);
    watch.isDown = false;
    await watch.pass(10);
    await watch.drain();
    assertEquals(watch.ended?.code, 0);
    assertEquals(
      watch.ended?.stderr,
      "gmon: contact is lost: no monitor answers at 127.0.0.1:24010; still trying\n" +
        "gmon: contact is back\n",
    );
    const last = watch.ended?.stdout.trimEnd().split("\n").at(-1);
    assertStringIncludes(last!, "worker/w1  drains");
  });

  Deno.test(`gmon ${line} ends with the problem when there never was contact`, async () => {
    const watch = new Watch();
    watch.isDown = true;
    await watch.begin(line);
    assertEquals(watch.ended, {
      code: 3,
      stdout: "",
      stderr:
        "gmon: no monitor answers at 127.0.0.1:24010; start one, or name another with --addr or GMON_ADDR [unreachable]\n",
    });
  });
}
