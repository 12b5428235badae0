"""PyTorch as a worker process: pytorch_worker.py DEVICE. Commands and replies are those of Worker.java.

Plans: "eager" as a user would write it, and on a GPU "graph", the whole pass or training step captured in one CUDA graph.
"""
import json
import sys
import time

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

SAMPLE_SECONDS = 0.005
LEAST_SAMPLES = 3
MOST_PASSES = 2000
COMPARED_STEPS = 5
CLIP = 1.0
MOST_COMPARED = 1 << 16
TYPES = {"f32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
LAYERS = {
    "lstm": lambda *sizes, **options: nn.LSTM(*sizes, **options),
    "gru": lambda *sizes, **options: nn.GRU(*sizes, **options),
    "rnn_tanh": lambda *sizes, **options: nn.RNN(*sizes, nonlinearity="tanh", **options),
    "rnn_relu": lambda *sizes, **options: nn.RNN(*sizes, nonlinearity="relu", **options),
    "rnn": lambda *sizes, **options: nn.RNN(*sizes, nonlinearity="tanh", **options),
}


def read(file, device):
    """Metadata and tensors of a safetensors file."""
    with safe_open(file, framework="pt", device=str(device)) as opened:
        return opened.metadata(), {name: opened.get_tensor(name) for name in opened.keys()}


def allow_tf32(allowed):
    torch.backends.cudnn.allow_tf32 = allowed
    torch.backends.cuda.matmul.allow_tf32 = allowed


def wait(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def captured(step, device):
    """A function that replays one call of step, recorded after three calls on a side stream."""
    side = torch.cuda.Stream(device)
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize(device)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = step()
    return graph.replay, result


class Layer:
    """Passes over a recurrent layer."""

    def __init__(self, meta, tensors, inference, device, dtype=None):
        self.inference = inference
        self.dtype = dtype or TYPES[meta["precision"]]
        # cuDNN's f32 products round to TF32 unless told otherwise.
        allow_tf32(meta["precision"] == "tf32" and dtype is None)
        self.states = ["hx", "cx"] if "cx" in tensors else ["hx"]
        self.layer = LAYERS[meta["cell"]](
            int(meta["C"]), int(meta["H"]), int(meta["L"]), bidirectional=meta["D"] == "2", device=device, dtype=self.dtype
        )
        with torch.no_grad():
            for name, parameter in self.layer.named_parameters():
                parameter.copy_(tensors[name])
        self.layer.flatten_parameters()
        self.values = {name: tensors[name].to(self.dtype) for name in ("x", "dy", *self.states, *("d" + s[0] + "y" for s in self.states))}
        self.total = int(meta["T"])
        self.packed = None
        for name in ("x", *self.states):
            self.values[name].requires_grad_(not inference)
        self.leaf = self.values["x"]
        self.dy = self.values["dy"]
        if "lengths" in tensors:
            lengths = tensors["lengths"].long().cpu()
            packed = pack_padded_sequence(self.values["x"].detach(), lengths, enforce_sorted=False)
            self.leaf = packed.data.detach().requires_grad_(not inference)
            self.packed = packed
            self.dy = pack_padded_sequence(self.dy, lengths, enforce_sorted=False).data

    def forward(self):
        x = self.leaf
        if self.packed is not None:
            p = self.packed
            x = PackedSequence(self.leaf, p.batch_sizes, p.sorted_indices, p.unsorted_indices)
        states = [self.values[s] for s in self.states]
        y, last = self.layer(x, tuple(states) if len(states) == 2 else states[0])
        return y, last if isinstance(last, tuple) else (last,)

    def run(self):
        if self.inference:
            with torch.no_grad():
                y, last = self.forward()
            return y, last, ()
        y, last = self.forward()
        data = y.data if self.packed is not None else y
        wanted = [self.leaf, *(self.values[s] for s in self.states), *self.layer.parameters()]
        given = [self.dy, *(self.values["d" + s[0] + "y"] for s in self.states)]
        return y, last, torch.autograd.grad([data, *last], wanted, given)

    def padded(self, data):
        p = self.packed
        if p is None:
            return data
        whole = PackedSequence(data, p.batch_sizes, p.sorted_indices, p.unsorted_indices)
        return pad_packed_sequence(whole, total_length=self.total)[0]

    def results(self, computed, dtype):
        y, last, gradients = computed
        found = {"y": self.padded(y.data if self.packed is not None else y)}
        found.update({s[0] + "y": value for s, value in zip(self.states, last)})
        if gradients:
            found["dx"] = self.padded(gradients[0])
            names = [*self.states, *(name for name, _ in self.layer.named_parameters())]
            found.update({"d" + name: value for name, value in zip(names, gradients[1:])})
        return {name: value.detach().to(dtype).reshape(-1).contiguous() for name, value in found.items()}


class LayerCase:
    """A layer from a file, by plan."""

    def __init__(self, file, inference, device):
        self.meta, self.tensors = read(file, device)
        self.inference = inference
        self.device = device
        self.layers = {}

    def plans(self):
        return ["eager", "graph"] if self.device.type == "cuda" else ["eager"]

    def write(self, plan, file):
        layer = Layer(self.meta, self.tensors, self.inference, self.device)
        if plan == "graph":
            replay, computed = captured(layer.run, self.device)
            replay()
        else:
            replay, computed = layer.run, layer.run()
        wait(self.device)
        # The layer stays: its memory is what the graph works on.
        self.layers[plan] = (layer, replay)
        save_file(layer.results(computed, layer.dtype), file)
        return {}

    def step(self, plan):
        return self.layers[plan][1]

    def judge(self, file):
        layer = Layer(self.meta, self.tensors, self.inference, self.device, torch.float64)
        save_file(layer.results(layer.run(), torch.float32), file)
        return {"by": "PyTorch in float64 on " + str(self.device)}


class Network(nn.Module):
    """Features, recurrence, head."""

    def __init__(self, shape, device):
        super().__init__()
        self.embedding = nn.Embedding(shape["V"], shape["E"], device=device) if shape["E"] else None
        self.rnn = LAYERS[shape["cell"]](shape["E"] or shape["V"], shape["H"], shape["L"], device=device)
        self.head = nn.Linear(shape["H"], shape["V"], device=device)
        # one_hot() looks at its input on the host, which a graph cannot.
        self.indicators = None if shape["E"] else torch.eye(shape["V"], device=device)

    def forward(self, ids, state):
        features = self.embedding(ids) if self.embedding is not None else self.indicators[ids]
        y, last = self.rnn(features, state)
        return self.head(y.reshape(-1, y.shape[-1])), last


class Model:
    """Training steps of a language model on one minibatch, the state carried."""

    def __init__(self, meta, tensors, device, graphed, fused=True):
        words = meta["model"].split()
        shape = dict(zip(("N", "T", "V", "E", "H", "L"), map(int, words[2:8])), cell=words[1])
        self.bf16 = meta["precision"] == "bf16"
        self.device = device
        allow_tf32(False)
        self.network = Network(shape, device)
        self.initial = tensors
        self.set_parameters()
        rate = float(words[9])
        if words[8] == "sgd":
            self.optimizer = torch.optim.SGD(self.network.parameters(), rate)
        else:
            fused = fused and device.type == "cuda"
            self.optimizer = torch.optim.Adam(self.network.parameters(), rate, fused=fused, capturable=graphed)
        self.graphed = graphed
        ids = tensors["tokens"].long()
        self.inputs, self.targets = ids[:-1].contiguous(), ids[1:].reshape(-1).contiguous()
        zeros = [torch.zeros(shape["L"], shape["N"], shape["H"], device=device) for _ in range(2)]
        self.state = tuple(zeros) if shape["cell"] == "lstm" else zeros[0]

    def set_parameters(self):
        with torch.no_grad():
            for name, parameter in self.network.named_parameters():
                parameter.copy_(self.initial[name])

    def step(self):
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16):
            logits, last = self.network(self.inputs, self.state)
            loss = nn.functional.cross_entropy(logits.float(), self.targets)
        self.optimizer.zero_grad(set_to_none=not self.graphed)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), CLIP, foreach=True)
        self.optimizer.step()
        if isinstance(last, tuple):
            for mine, new in zip(self.state, last):
                mine.copy_(new.detach())
        else:
            self.state.copy_(last.detach())
        return loss.detach(), norm.detach()

    def reset(self):
        """Back to the start, after a graph has been recorded."""
        self.set_parameters()
        for state in self.state if isinstance(self.state, tuple) else (self.state,):
            state.zero_()
        for values in self.optimizer.state.values():
            for value in values.values():
                if torch.is_tensor(value):
                    value.zero_()


def sample(tensor):
    """As ParameterSteps.java samples."""
    values = tensor.detach().reshape(-1)
    return values[:: -(-values.numel() // MOST_COMPARED)].float().cpu().clone()


class ModelCase:
    """A language model from a file, by plan."""

    def __init__(self, file, device):
        self.meta, self.tensors = read(file, device)
        self.device = device
        self.models = {}

    def plans(self):
        return ["eager", "graph"] if self.device.type == "cuda" else ["eager"]

    def write(self, plan, file):
        gpu = self.device.type == "cuda"
        if gpu:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.device)
            before = torch.cuda.memory_allocated(self.device)
        model = Model(self.meta, self.tensors, self.device, plan == "graph")
        step = model.step
        if plan == "graph":
            replay, scalars = captured(model.step, self.device)
            model.reset()

            def step():
                replay()
                return scalars

        self.first_steps(model, step, file)
        self.models[plan] = (model, step)
        said = {"parameters": sum(p.numel() for p in model.network.parameters())}
        if gpu:
            said["peakBytes"] = torch.cuda.max_memory_allocated(self.device) - before
        return said

    def judge(self, file):
        """The same steps in float32, without cuDNN and without fused kernels: nothing that is to be judged takes part."""
        enabled = torch.backends.cudnn.enabled
        torch.backends.cudnn.enabled = False
        try:
            model = Model({**self.meta, "precision": "f32"}, self.tensors, self.device, False, fused=False)
            self.first_steps(model, model.step, file)
        finally:
            torch.backends.cudnn.enabled = enabled
        return {"by": "PyTorch in float32 without cuDNN on " + str(self.device)}

    def first_steps(self, model, step, file):
        losses, norms, parameters = [], [], {}
        for _ in range(COMPARED_STEPS):
            loss, norm = step()
            losses.append(loss.float().cpu().reshape(1).clone())
            norms.append(norm.float().cpu().reshape(1).clone())
            if len(losses) == 1:
                for name, parameter in model.network.named_parameters():
                    parameters["gradient." + name] = sample(parameter.grad)
        for name, parameter in model.network.named_parameters():
            parameters["change." + name] = sample(parameter) - sample(self.tensors[name])
        wait(self.device)
        save_file({"losses": torch.cat(losses), "gradientNorms": torch.cat(norms)}, file)
        save_file(parameters, file + ".parameters")

    def step(self, plan):
        return self.models[plan][1]


class Clock:
    """The same as PassClock.java."""

    def __init__(self, step, device):
        self.step = step
        self.device = device
        self.passes = 0

    def sample(self):
        wait(self.device)
        start = time.perf_counter()
        for _ in range(self.passes):
            self.step()
        wait(self.device)
        return (time.perf_counter() - start) * 1e3 / self.passes

    def time(self, seconds):
        if self.passes == 0:
            self.passes = 1
            first = min(self.sample(), self.sample())
            self.passes = max(1, min(MOST_PASSES, int(SAMPLE_SECONDS * 1e3 / first) + 1))
        samples, spent = [], 0.0
        while len(samples) < LEAST_SAMPLES or spent < seconds * 1e3:
            samples.append(self.sample())
            spent += samples[-1] * self.passes
        return samples


class Worker:
    def __init__(self, device):
        self.device = device
        self.case = None
        self.clocks = {}

    def answer(self, words):
        command = words[0]
        if command == "describe":
            gpu = self.device.type == "cuda"
            return {
                "torch": torch.__version__,
                "cudnn": str(torch.backends.cudnn.version()) if gpu else "",
                "device": torch.cuda.get_device_name(self.device) if gpu else "cpu, %d threads" % torch.get_num_threads(),
            }
        if command in ("layer", "model"):
            self.close()
            inference = command == "layer" and words[2] == "inference"
            self.case = LayerCase(words[1], inference, self.device) if command == "layer" else ModelCase(words[1], self.device)
            refused = {} if self.device.type == "cuda" else {"graph": "CUDA graphs need a GPU"}
            return {"plans": self.case.plans(), "refused": refused}
        if command == "judge":
            return self.case.judge(words[1])
        if command == "write":
            return self.case.write(words[1], words[2])
        if command == "time":
            clock = self.clocks.setdefault(words[1], Clock(self.case.step(words[1]), self.device))
            return {"ms": clock.time(float(words[2]))}
        if command == "window":
            step = self.case.step(words[1])
            wait(self.device)
            begin = time.monotonic_ns()
            for _ in range(int(words[2])):
                step()
            wait(self.device)
            return {"from": begin, "to": time.monotonic_ns()}
        if command == "memory":
            free, total = torch.cuda.mem_get_info(self.device) if self.device.type == "cuda" else (0, 0)
            return {"usedBytes": total - free}
        if command == "close":
            self.close()
            return {}
        raise ValueError("no command " + command)

    def close(self):
        self.clocks = {}
        self.case = None
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
            torch.cuda.empty_cache()


def main():
    name = sys.argv[1]
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    worker = Worker(torch.device(name))
    for line in sys.stdin:
        words = line.split()
        if words == ["quit"]:
            break
        try:
            reply = worker.answer(words)
        except Exception as failed:  # the reason goes to the runner, which leaves this plan out
            reply = {"error": "%s: %s" % (type(failed).__name__, str(failed)[:500])}
        print("@ " + json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
