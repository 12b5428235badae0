package dev.fusedrnn.io;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fusedrnn.io.CrashingSteps.Crash;
import dev.fusedrnn.io.CrashingSteps.Damage;
import dev.fusedrnn.io.CrashingSteps.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Loss of power, simulated, and processes that are really killed. */
class AtomicFileCrashTest {
    private static final int KILLS = Integer.getInteger("fusedrnn.kills", 25);
    private static final long KILL_SEED = Long.getLong("fusedrnn.killSeed", 41);
    /** Create, permissions, five writes (length, header, tensor, length, header), force, close, rename, folder. */
    private static final int STEPS = 11;

    @TempDir
    Path folder;

    @Test
    void afterACrashAtAnyStepTheFileIsTheWholeOldOrTheWholeNewOne() throws IOException {
        int cases = 0;
        for (int step = 0; step <= STEPS; step++) {
            for (Damage damage : Damage.values()) {
                for (boolean undo : new boolean[] {false, true}) {
                    Outcome outcome = crash(step, damage, undo, Fault.NONE);
                    String label = "step " + step + ", " + damage + ", undone " + undo;
                    assertThat(outcome).as(label).isNotEqualTo(Outcome.BROKEN);
                    if (step < STEPS - 1) {
                        assertThat(outcome).as(label).isEqualTo(Outcome.OLD);
                    } else if (step == STEPS) {
                        assertThat(outcome).as(label).isEqualTo(Outcome.NEW);
                    }
                    cases++;
                }
            }
        }
        assertThat(cases).isEqualTo((STEPS + 1) * 6 * 2);
    }

    @Test
    void theSimulationNoticesAMissingForceOfTheFile() throws IOException {
        for (Damage damage : Damage.values()) {
            Outcome expected = damage == Damage.INTACT ? Outcome.NEW : Outcome.BROKEN;
            assertThat(crash(STEPS, damage, false, Fault.NO_FORCE))
                    .as("%s", damage)
                    .isEqualTo(expected);
        }
    }

    @Test
    void theSimulationNoticesAMissingForceOfTheFolder() throws IOException {
        assertThat(crash(STEPS, Damage.INTACT, true, Fault.NO_FOLDER_FORCE)).isEqualTo(Outcome.OLD);
    }

    private enum Outcome {
        OLD,
        NEW,
        BROKEN
    }

    private Outcome crash(int step, Damage damage, boolean undo, Fault fault) throws IOException {
        Path target = Files.createTempDirectory(folder, "crash").resolve("model");
        content(1).write(target);
        byte[] old = Files.readAllBytes(target);
        CrashingSteps steps = new CrashingSteps(step, fault);
        boolean returned = true;
        try {
            AtomicFile.write(target, content(2)::writeTo, steps);
        } catch (Crash expected) {
            returned = false;
        }
        assertThat(returned).as("returned without a crash at step %d", step).isEqualTo(step == STEPS);
        assertThat(steps.steps()).isEqualTo(step);
        steps.crash(damage, undo);
        return outcome(target, old);
    }

    private static Outcome outcome(Path target, byte[] old) {
        try (SafetensorsReader reader = SafetensorsReader.open(target)) {
            reader.verify();
            boolean isOld = Arrays.equals(Files.readAllBytes(target), old);
            assertThat(reader.ints("w")[0]).isEqualTo(isOld ? 1 : 2);
            return isOld ? Outcome.OLD : Outcome.NEW;
        } catch (IOException e) {
            return Outcome.BROKEN;
        }
    }

    private static SafetensorsWriter content(int value) {
        int[] values = new int[50];
        Arrays.fill(values, value);
        return new SafetensorsWriter().add("w", new long[] {50}, values);
    }

    @Test
    void aProcessKilledWhileSavingLeavesALoadableFile() throws Exception {
        Path target = folder.resolve("killed model");
        SavingProcess.save(target, 0);
        Random random = new Random(KILL_SEED);
        int loaded = 0;
        for (int round = 0; round < KILLS; round++) {
            Process process = SavingProcess.start(target);
            try {
                assertThat(process.getInputStream().read())
                        .as("first save of round %d", round)
                        .isEqualTo('s');
                TimeUnit.MICROSECONDS.sleep(random.nextInt(30_000));
            } finally {
                process.destroyForcibly();
                assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            }
            try (SafetensorsReader reader = SafetensorsReader.open(target)) {
                int[] values = reader.ints("w");
                assertThat(values).hasSize(SavingProcess.LENGTH);
                assertThat(Arrays.stream(values).distinct().count()).isEqualTo(1);
                assertThat(values[0]).as("saved by round %d", round).isPositive();
            }
            SavingProcess.save(target, 0);
            loaded++;
        }
        assertThat(loaded).isEqualTo(KILLS).isPositive();
    }
}
