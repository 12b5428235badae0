"""The stages of gpu-proof: which commands each runs, for how long, and how their results are judged."""
import gzip
import json
import os
import re
import shutil
import subprocess

AWD_SECONDS = 400
# Conformance suites that are a command of their own: each plan of the fused engine forced in turn, its layers as a wavefront, gates
# computed anew, cuDNN. Whatever suite is not named here runs with the others.
SUITES = (
    *("FusedEngine" + name for name in ("Persistent", "Chip", "Wide", "Streamed", "Products", "Wavefront", "Recomputed")),
    "CudnnEngine",
)
KERNEL_TOOLS = ("memcheck", "racecheck", "initcheck", "synccheck")
# Small cases of every kind of persistent kernel; a sanitizer is slow.
SANITIZED = "lstm bf16 5 12 100 2 1 0.5 gru bf16 3 7 5 2 1 0 tanh bf16 9 8 64 1 0 0 lstm bf16 5 6 650 1 0 0 gru bf16 5 6 1024 1 1 0"
SANITIZED += " lstm f32 9 6 200 2 1 0 gru bf16 40 4 520 1 1 0"
SANITIZED += " before bf16 5 6 100 2 1 0 lstm-zone bf16 5 6 100 2 1 0 gru-zone f32 5 5 70 1 1 0 lstm tf32 5 6 100 2 1 0"


class Command:
    """One process of a stage: words, the log it writes, and how its result is judged."""

    def __init__(self, name, words, seconds, judge, gpu=True):
        self.name, self.words, self.seconds, self.judge, self.gpu = name, words, seconds, judge, gpu


class Stage:
    """Commands that belong together. A stage that measures time has the machine for itself; others may share it."""

    def __init__(self, name, what, estimate, build, timed=True):
        self.name, self.what, self.estimate, self.build, self.timed = name, what, estimate, build, timed


class LeftOut(Exception):
    """A stage cannot run here; the reason."""


class Place:
    """Where things are: the bundle's run, data, records."""

    def __init__(self, options):
        self.options = options
        self.cpu = options.device == "cpu"
        self.run = os.path.join(options.bundle, "run")
        self.out = options.out

    def record(self, name):
        return os.path.join(self.out, name)

    def tool(self, *words):
        return [self.run, *words]

    def bundle(self):
        """The folder that run unpacks the bundle to."""
        if not hasattr(self, "_bundle"):
            if self.options.dry:
                return "BUNDLE"
            self._bundle = subprocess.run(self.tool("place"), check=True, capture_output=True, text=True).stdout.strip()
        return self._bundle

    def lists(self, name):
        return os.path.join(self.bundle(), "gpu", "lists", name)

    def data(self, name):
        """A data file, unpacked beside the records if it is packed."""
        if self.options.data is None:
            raise LeftOut("no --data folder for " + name)
        plain = os.path.join(self.options.data, name)
        if os.path.exists(plain):
            return plain
        packed = plain + ".gz"
        if not os.path.exists(packed):
            raise LeftOut("no %s or %s.gz in %s" % (name, name, self.options.data))
        # Not among the records: data is not ours to pass on.
        target = os.path.join("/tmp", "fusedrnn-proof-data", name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with gzip.open(packed) as source, open(target, "wb") as out:
            shutil.copyfileobj(source, out)
        return target

    def beside(self, *words, record):
        extra = ["--device", self.options.device, "--python", self.options.python, "--out", self.record(record)]
        return self.tool("beside", *words, *extra)

    def built(self, name):
        """A program of benchmarks/gpu/build, made once; none if it cannot be."""
        folder = os.path.join("/tmp", "fusedrnn-proof-build")
        path = os.path.join(folder, name)
        if not os.path.exists(path) and not self.options.dry and not self.cpu:
            subprocess.run(self.tool("build", folder), check=False)
        return path if os.path.exists(path) or self.options.dry else "none"

    def need_gpu(self):
        if self.cpu:
            raise LeftOut("needs a GPU")


def counts(pattern_passed, pattern_failed, pattern_other=None):
    """A judge that reads counts out of a log; what is neither passed nor failed counts as failed."""

    def judge(log, code):
        passed = sum(int(n) for n in re.findall(pattern_passed, log))
        failed = sum(int(n) for n in re.findall(pattern_failed, log))
        other = sum(int(n) for n in re.findall(pattern_other, log)) if pattern_other else 0
        return {"passed": passed, "failed": failed + other, "ok": code == 0 and passed > 0 and failed + other == 0}

    return judge


def junit_judge(log, code):
    """Tests of the suites; of those that passed, the ones that saw an engine refuse what it does not run."""
    judge = counts(r"(\d+) tests successful", r"(\d+) tests failed", r"(\d+) tests (?:aborted|skipped)")
    refused = sum(int(n) for n in re.findall(r"refused: .* = `(\d+)`", log))
    return {**judge(log, code), "refused": refused}


KERNELS = counts(r"(\d+) passed", r"(\d+) failed")


def bench_judge(log, code):
    """frnn_bench: CASES cases, FAILED failed."""
    found = re.findall(r"(\d+) cases, (\d+) failed", log)
    cases, failed = (sum(int(pair[i]) for pair in found) for i in (0, 1))
    return {"passed": cases - failed, "failed": failed, "ok": code == 0 and cases > 0 and failed == 0}


def sanitizer_judge(log, code):
    errors = sum(int(n) for n in re.findall(r"ERROR SUMMARY: (\d+) error", log))
    hazards = sum(int(n) for n in re.findall(r"RACECHECK SUMMARY: (\d+) hazard", log))
    ran = "SUMMARY" in log
    return {"passed": int(ran and errors + hazards == 0), "failed": errors + hazards, "ok": ran and code == 0 and errors + hazards == 0}


def record_judge(place, name):
    """The record of `run beside`: its cases, how many results were wrong; on a GPU nobody may be missing unasked."""
    path = place.record(name)

    def judge(log, code):
        wrong = len(re.findall(r"^WRONG ", log, re.M))
        try:
            with open(path, encoding="utf8") as file:
                record = json.load(file)
        except (OSError, ValueError):
            return {"passed": 0, "failed": 1, "ok": False}
        unasked = [] if place.cpu else [one for one in record["leftOut"] if "not asked for" not in one["why"]]
        failed = max(wrong + len(unasked), int(code not in (0, None) and wrong == 0))
        return {
            "passed": len(record["cases"]),
            "failed": failed,
            "notReached": len(record["notReached"]),
            "leftOut": record["leftOut"],
            "summary": record["summary"],
            "ok": failed == 0 and len(record["cases"]) > 0,
        }

    return judge


def report_judge(path, checks):
    """The report of `fusedrnn train`: each check is (field, least, most)."""

    def judge(log, code):
        try:
            with open(path, encoding="utf8") as file:
                report = json.load(file)
        except (OSError, ValueError):
            return {"passed": 0, "failed": len(checks), "ok": False}
        values, failed = {"state": report.get("state")}, 0
        for field, least, most in checks:
            value = report.get(field)
            values[field] = {"value": value, "least": least, "most": most}
            if report.get("state") != "complete" or value is None or not least <= value <= most:
                failed += 1
        return {"passed": len(checks) - failed, "failed": failed, "values": values, "ok": failed == 0}

    return judge


def exit_judge(log, code):
    return {"passed": int(code == 0), "failed": int(code != 0), "ok": code == 0}


def kernels(place):
    place.need_gpu()
    commands = [Command("kernel-tests", place.tool("native"), 120, KERNELS)]
    for name in shape_lists(place, timed=False):
        commands.append(Command("check-" + name, place.tool("bench", "--check-only", *of_list(name)), 120, bench_judge))
    repeated = "lstm bf16 32 24 256 1 0 0 gru bf16 33 24 250 2 1 0 lstm bf16 20 12 650 2 1 0 gru bf16 16 12 1024 1 0 0"
    repeated = (repeated + " lstm f32 33 12 250 2 1 0 lstm bf16 128 12 1024 1 0 0").split()
    commands.append(Command("repeat", place.tool("bench", "--check-only", "--repeat", "100", *repeated), 60, bench_judge))
    return commands


def shape_lists(place, timed):
    folder = os.path.join(place.bundle(), "shapes")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else ["shapes_check.txt", "shapes_time.txt"]
    return [name[:-4] for name in names if name.endswith(".txt") and ("time" in name) == timed]


def of_list(name):
    """A list, run by the kind of kernels that it is about, also where another promises to be faster."""
    kinds = [kind for kind in ("chip", "wide") if kind in name]
    return [*(["--plans", kinds[0]] if kinds else []), "--list", "shapes/" + name + ".txt"]


def tests(place):
    place.need_gpu()
    groups = [(suite.replace("Engine", "-").lower().rstrip("-"), r".*\.%sConformance.*" % suite) for suite in SUITES]
    groups.append(("other", r"^(?!.*\.(%s)Conformance).*$" % "|".join(SUITES)))
    return [Command("tests-" + name, place.tool("tests", pattern), 240, junit_judge) for name, pattern in groups]


def sanitizer(place):
    place.need_gpu()
    program = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
    if not os.path.exists(program) and not place.options.dry:
        raise LeftOut("no compute-sanitizer")
    commands = []
    for tool in KERNEL_TOOLS:
        head = [program, "--tool", tool, "--error-exitcode", "9"]
        frnn_bench = os.path.join(place.bundle(), "frnn_bench")
        commands.append(Command("sanitizer-persistent-" + tool, [*head, frnn_bench, "--check-only", *SANITIZED.split()], 75, sanitizer_judge))
        kernel_tests = os.path.join(place.bundle(), "frnn_kernel_tests")
        commands.append(Command("sanitizer-cells-" + tool, [*head, kernel_tests, "--seed", "3", "cell"], 60, sanitizer_judge))
    return commands


def steps(place):
    place.need_gpu()
    return [
        Command("steps-" + name, place.tool("bench", "--no-check", *of_list(name)), 90, bench_judge)
        for name in shape_lists(place, timed=True)
    ]


def layer_command(place, name, lists, precisions, budget):
    lists = "tiny.txt" if place.cpu else lists
    words = ["layers", "--list", ",".join(place.lists(one) for one in lists.split(",")), "--precision", precisions]
    words += ["--engines", "cpu,auto" if place.cpu else "fused,auto", "--cudnn", place.built("cudnn_worker"), "--budget", str(budget)]
    words += ["--rounds", "5", "--round-seconds", "0.02" if not place.cpu else "0.005"]
    record = name + ".json"
    return Command(name, place.beside(*words, record=record), budget + 60, record_judge(place, record), gpu=False)


def layers(place):
    return [layer_command(place, "layers", "layers.txt", "bf16,f16,f32", 310)]


def untuned(place):
    return [layer_command(place, "untuned", "untuned.txt", "bf16,f32", 60)]


def deepbench(place):
    return [
        layer_command(place, "deepbench-training", "deepbench-training.txt", "bf16", 60),
        layer_command(place, "deepbench-inference", "deepbench-inference.txt", "bf16", 30),
    ]


def models(place):
    commands = []
    for precision, budget in (("bf16", 130), ("f32", 40)):
        words = ["models", "--list", place.lists("models-tiny.txt" if place.cpu else "models.txt"), "--precision", precision]
        words += ["--budget", str(budget), "--rounds", "5", "--round-seconds", "0.1" if not place.cpu else "0.005"]
        record = "models-%s.json" % precision
        commands.append(Command("models-" + precision, place.beside(*words, record=record), budget + 60, record_judge(place, record), gpu=False))
    return commands


def adam(place):
    place.need_gpu()
    words = ["models", "--list", place.lists("models-adam.txt"), "--precision", "f32,bf16", "--engines", "auto,fused,cudnn"]
    words += ["--budget", "60", "--rounds", "1", "--round-seconds", "0.05"]
    return [Command("adam", place.beside(*words, record="adam.json"), 120, record_judge(place, "adam.json"))]


def text(place):
    words = ["text", "--text", place.data("tinyshakespeare.txt"), "--budget", "135"]
    words += ["--models", "8x1:0.1", "--epochs", "1", "--batch", "10", "--steps", "20", "--precision", "f32"] if place.cpu else []
    record = "text.json"

    def judge(log, code):
        found = record_judge(place, record)(log, code)
        try:
            with open(place.record(record), encoding="utf8") as file:
                cases = json.load(file)["cases"]
            best = min(epoch["validationNats"] for case in cases if case["side"] == "library" for epoch in case["epochs"])
        except (OSError, ValueError, KeyError):
            return found
        found["values"] = {"validationNats": {"value": best, "least": 0, "most": 1.5}}
        if best > 1.5 and not place.cpu:
            found["failed"] += 1
            found["ok"] = False
        return found

    return [Command("text", place.beside(*words, record=record), 200, judge, gpu=False)]


def train(place, name, options, seconds, checks):
    report = place.record(name + ".json")
    words = place.tool("fusedrnn", "train", "--device", place.options.device, *options.split(), "--sample", "0", "--report", report)
    return Command(name, words, seconds, report_judge(report, checks), gpu=False)


def book(place):
    common = "--text %s --recipe v017 --tokens char --max-tokens 10000 --validation 0 --embedding 0 --batch 32 --steps 35" % place.data(
        "timemachine.txt"
    )
    common += " --optimizer sgd --clip 1 --seed 1 --epochs " + ("2" if place.cpu else "500")
    speed = [] if place.cpu else [("tokensPerSecond", 300e3, 1e12)]
    limit = (lambda most: 1e9) if place.cpu else (lambda most: most)
    runs = (("f2-gru", "--cell gru --hidden 256 --lr 1", 1.3), ("f2-lstm", "--cell lstm --hidden 256 --lr 1", 1.4),
            ("f3", "--cell lstm --hidden 256 --layers 2 --lr 2", 1.05))
    return [
        train(place, "%s-%s" % (name, dtype), "%s %s --dtype %s" % (common, options, dtype), 60,
              [("trainPerplexity", 1, limit(most)), *(speed if name != "f3" else [])])
        for name, options, most in runs
        for dtype in ("bf16", "f32")
    ]


def ptb(place):
    place.need_gpu()
    files = tuple(place.data("ptb.%s.txt" % part) for part in ("train", "valid", "test"))
    common = "--text %s --validation-text %s --test-text %s --seed 1 --dtype bf16 --preset zaremba-" % files
    return [
        train(place, "j1-ptb-small", common + "small", 110, [("testPerplexity", 0, 119)]),
        train(place, "j2-ptb-medium", common + "medium", 200, [("testPerplexity", 0, 83.6)]),
    ]


def awd(place):
    """As many epochs as fit, of the 500: what counts is how far it came, which the report has epoch by epoch."""
    files = tuple(place.data("ptb.%s.txt" % part) for part in ("train", "valid", "test"))
    options = "--text %s --validation-text %s --test-text %s --seed 1 --preset awd-lstm" % files
    options += " --hidden 16 --embedding 8 --last-hidden 8 --epochs 2 --max-tokens 5000" if place.cpu else " --dtype bf16"
    command = train(place, "awd", options, AWD_SECONDS, [])
    report = place.record("awd.json")

    def judge(log, code):
        try:
            with open(report, encoding="utf8") as file:
                found = json.load(file)
        except (OSError, ValueError):
            return {"passed": 0, "failed": 1, "ok": False}
        epochs = found.get("epochs", [])
        best = min((e["validationPerplexity"] for e in epochs if e["validationPerplexity"] is not None), default=None)
        good = best is not None and (place.cpu or best < 200)
        values = {"epochs": len(epochs), "validationPerplexity": best, "testPerplexity": found.get("testPerplexity")}
        values.update(state=found.get("state"), tokensPerSecond=found.get("tokensPerSecond"), plan=found.get("plan"))
        return {"passed": int(good), "failed": int(not good), "values": values, "ok": good}

    command.judge = judge
    return [command]


def profile(place):
    words = ["profile", "--list", place.lists("models-tiny.txt" if place.cpu else "models.txt")]
    words += ["--model", "tiny-lstm" if place.cpu else "char-3x512,d2l-lstm", "--activity", place.built("libactivity.so")]
    return [Command("profile", place.beside(*words, record="profile.json"), 150, record_judge(place, "profile.json"), gpu=False)]


def jmh(place):
    if place.cpu:
        return [Command("jmh", place.tool("jmh", "--quick", "--device", "cpu", place.record("jmh.json")), 200, exit_judge, gpu=False)]
    return [Command("jmh", place.tool("jmh", "--device", "cuda", place.record("jmh.json")), 600, exit_judge)]


STAGES = [
    Stage("kernels", "kernel tests; persistent kernels against double, equal bits", 80, kernels, timed=False),
    Stage("tests", "all GPU suites of the library, none skipped", 330, tests, timed=False),
    Stage("sanitizer", "memcheck, racecheck, initcheck, synccheck, persistent kernels too", 150, sanitizer, timed=False),
    Stage("steps", "step times of the persistent kernels", 60, steps),
    Stage("layers", "layers beside cuDNN and PyTorch", 330, layers),
    Stage("untuned", "sizes no plan was tuned for", 70, untuned),
    Stage("deepbench", "the recurrent problems of DeepBench", 100, deepbench),
    Stage("models", "training steps beside PyTorch, peak memory", 180, models),
    Stage("book", "the book's models: F2, F3, tokens per second F6", 50, book),
    Stage("text", "tinyshakespeare: loss against time beside PyTorch, I5", 140, text),
    Stage("profile", "share of a training step without a kernel", 60, profile),
    Stage("ptb", "PTB small J1 and medium J2", 130, ptb, timed=False),
    Stage("jmh", "JMH on the GPU", 0, jmh),
    Stage("adam", "why models that train by Adam differed from PyTorch", 0, adam),
    Stage("awd", "AWD-LSTM on PTB, the epochs of some minutes", 0, awd),
]
