"""Trains a character LSTM in PyTorch, eager, bf16 by autocast, as `fusedrnn train` does it with the same options.

pytorch_text.py DEVICE TEXT REPORT HIDDEN LAYERS DROPOUT EMBEDDING BATCH STEPS EPOCHS RATE SEED

The last tenth of the characters validates, every one of them predicted once, BATCH rows side by side. Training walks along
BATCH rows with the state carried and a random start in each epoch. AdamW with weight decay 0.01, norm clipped to 1, the
learning rate in one cycle. The report holds the validation loss in nats and the seconds of training after each epoch.
"""
import json
import math
import sys
import time

import torch
from torch import nn

CLIP = 1.0


class Network(nn.Module):
    def __init__(self, vocabulary, embedding, hidden, layers, dropout):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.rnn = nn.LSTM(embedding, hidden, layers, dropout=dropout if layers > 1 else 0)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, vocabulary)

    def forward(self, ids, state):
        y, state = self.rnn(self.embedding(ids), state)
        return self.head(self.dropout(y)), state


def wait(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def validate(network, ids, batch, device):
    """Mean loss of every token but the first, cut into rows that are walked along side by side."""
    count = len(ids) - 1
    rows = -(-count // batch)
    inputs = torch.zeros(rows * batch, dtype=torch.long, device=device)
    targets = torch.full((rows * batch,), -1, dtype=torch.long, device=device)
    inputs[:count], targets[:count] = ids[:-1], ids[1:]
    network.eval()
    with torch.no_grad(), torch.autocast(device.type, dtype=torch.bfloat16):
        logits, _ = network(inputs.view(batch, rows).t(), None)
        loss = nn.functional.cross_entropy(
            logits.reshape(-1, logits.shape[-1]).float(), targets.view(batch, rows).t().reshape(-1), ignore_index=-1, reduction="sum"
        )
    network.train()
    return loss.item() / count


def main():
    device = torch.device("cuda" if sys.argv[1] == "auto" and torch.cuda.is_available() else sys.argv[1].replace("auto", "cpu"))
    text, report = sys.argv[2:4]
    hidden, layers = map(int, sys.argv[4:6])
    dropout = float(sys.argv[6])
    embedding, batch, steps, epochs = map(int, sys.argv[7:11])
    rate, seed = float(sys.argv[11]), int(sys.argv[12])
    torch.manual_seed(seed)
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True

    with open(text, encoding="utf8") as file:
        characters = file.read()
    vocabulary = sorted(set(characters))
    index = {c: i for i, c in enumerate(vocabulary)}
    ids = torch.tensor([index[c] for c in characters], device=device)
    kept = len(ids) - round(len(ids) * 0.1)
    training, validation = ids[:kept], ids[kept:]

    network = Network(len(vocabulary), embedding, hidden, layers, dropout).to(device)
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-2, fused=device.type == "cuda")
    per_epoch = (len(training) - steps) // batch // steps
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=epochs * per_epoch, pct_start=0.1, cycle_momentum=False
    )

    def loss_of(inputs, targets, state):
        with torch.autocast(device.type, dtype=torch.bfloat16):
            logits, state = network(inputs, state)
            loss = nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]).float(), targets.reshape(-1))
        return loss, tuple(s.detach() for s in state)

    # Libraries are loaded and algorithms chosen before the clock runs, as on the other side.
    some = torch.randint(len(vocabulary), (steps, batch), device=device)
    loss_of(some, some, None)[0].backward()
    optimizer.zero_grad(set_to_none=True)
    wait(device)

    done, seconds = [], 0.0
    generator = torch.Generator().manual_seed(seed)
    for epoch in range(1, epochs + 1):
        start = int(torch.randint(steps, (1,), generator=generator))
        row = (len(training) - start - 1) // batch
        inputs = training[start : start + row * batch].view(batch, row).t().contiguous()
        targets = training[start + 1 : start + 1 + row * batch].view(batch, row).t().contiguous()
        state, total, began = None, torch.zeros((), device=device), time.perf_counter()
        for step in range(per_epoch):
            at = slice(step * steps, (step + 1) * steps)
            loss, state = loss_of(inputs[at], targets[at], state)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), CLIP)
            optimizer.step()
            if schedule.last_epoch < epochs * per_epoch - 1:
                schedule.step()
            total += loss.detach()
        wait(device)
        seconds += time.perf_counter() - began
        nats = validate(network, validation, batch, device)
        done.append({"epoch": epoch, "seconds": seconds, "trainingNats": total.item() / per_epoch, "validationNats": nats})
        print("pytorch epoch %d: %.1f s, validation %.4f nats, perplexity %.3f" % (epoch, seconds, nats, math.exp(nats)), flush=True)

    with open(report, "w", encoding="utf8") as file:
        json.dump(
            {
                "side": "pytorch",
                "torch": torch.__version__,
                "tokensPerEpoch": per_epoch * steps * batch,
                "parameters": sum(p.numel() for p in network.parameters()),
                "epochs": done,
            },
            file,
        )


if __name__ == "__main__":
    main()
