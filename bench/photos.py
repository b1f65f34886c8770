"""Real photos from the disk to batches: tellapart beside the best JPEG library alone, torchvision, and other loaders.

The 121 photos of `hymenoptera` are repeated to 5,000 files whose bytes all differ (a comment is set into each), and to
600 of 2048 pixels. Each arm is a process of its own, they take turns, and it gives batches of 64 pictures of 128x128
(what tellapart takes for photos of differing sizes) or `--side`, randomly cropped, resized and mirrored. `first` is
from the names of the files to the last batch of the first epoch, `later` a later epoch, `again` the first epoch of a
second process. The files are in the page cache for all.

`simplejpeg` decodes alone, in two threads, and makes no batches. torchvision is ImageFolder and a DataLoader of two
workers, which gives bytes, as ours does. The peers of `bench/peers` are measured where their environment is given.

    python bench/photos.py [--side 128] [--rounds 3] [--data-dir FOLDER] [--peers PYTHON] [--only ARM ...] [--tiny]
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

SIDE, BATCH, LEAST = int(os.environ.get("PHOTOS_SIDE", "128")), 64, 0.08
LARGE_SIDE = 2048
Seconds = dict[str, float]


def passes(epochs: Callable[[], Iterable[Any]], began: float) -> Seconds:
    """Times of the first epoch, counted from `began`, and of the fastest of two later ones."""
    times = []
    for _ in range(3):
        for _ in epochs():
            pass
        times.append(time.perf_counter() - began)
        began = time.perf_counter()
    return {"first_s": times[0], "later_s": min(times[1:])}


def ours(folder: Path, cache: str) -> Seconds:
    """A folder through the data room of tellapart."""
    import torch  # noqa: F401 - as for the others, its import is not counted

    from tellapart.config import DataConfig, TrainConfig
    from tellapart.data import open_source
    from tellapart.data.augment import Augmentation
    from tellapart.data.batches import shuffled
    from tellapart.data.resident import load
    from tellapart.types import Order
    from tellapart.world import join_world

    join_world(TrainConfig())  # its malloc tuning, as in any training
    began = time.perf_counter()
    asked = DataConfig(size=SIDE, val_share=0.0, test_share=0.0, cache=cache, resized_crop=LEAST, flip=True)
    loaded = load(open_source(folder, asked), asked)
    augmentation, epochs = Augmentation.of(asked, loaded.spec), iter(range(100))
    return passes(
        lambda: shuffled(loaded.parts["train"], Order(seed=0, epoch=next(epochs)), BATCH, augmentation), began
    )


def ours_ram(folder: Path) -> Seconds:
    """Kept in memory, as is usual where there is room."""
    return ours(folder, "ram")


def ours_disk(folder: Path) -> Seconds:
    """Kept on the disk."""
    return ours(folder, "disk")


def torchvision(folder: Path) -> Seconds:
    """ImageFolder, random-resized-crop and flip, two workers that stay."""
    import torch
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    began = time.perf_counter()
    random = [transforms.RandomResizedCrop(SIDE, scale=(LEAST, 1)), transforms.RandomHorizontalFlip()]
    transform = transforms.Compose([*random, transforms.PILToTensor()])
    loader = DataLoader(
        datasets.ImageFolder(str(folder), transform), BATCH, shuffle=True, num_workers=2, persistent_workers=True
    )
    torch.set_num_threads(1)
    return passes(lambda: loader, began)


def simplejpeg(folder: Path) -> Seconds:
    """Nothing but reading and decoding, in two threads."""
    import simplejpeg

    began = time.perf_counter()
    paths = sorted(folder.glob("*/*.jpg"))

    def epoch() -> Iterable[Any]:
        with ThreadPoolExecutor(2) as pool:
            yield from pool.map(lambda path: simplejpeg.decode_jpeg(path.read_bytes()).shape, paths)

    return passes(epoch, began)


def simplejpeg_scaled(folder: Path) -> Seconds:
    """The same, at the smallest size of the library's own that is enough."""
    import simplejpeg

    began = time.perf_counter()
    paths = sorted(folder.glob("*/*.jpg"))

    def decoded(path: Path) -> Any:
        return simplejpeg.decode_jpeg(path.read_bytes(), min_height=SIDE, min_width=SIDE).shape

    def epoch() -> Iterable[Any]:
        with ThreadPoolExecutor(2) as pool:
            yield from pool.map(decoded, paths)

    return passes(epoch, began)


def fastai(folder: Path) -> Seconds:
    """ImageDataLoaders with its random-resized-crop as an item transform and flip as a batch transform."""
    from fastai.vision.all import Flip, ImageDataLoaders, RandomResizedCrop

    began = time.perf_counter()
    loaders = ImageDataLoaders.from_folder(
        folder,
        valid_pct=0.0001,
        item_tfms=RandomResizedCrop(SIDE, min_scale=LEAST),
        batch_tfms=Flip(),
        bs=BATCH,
        num_workers=2,
    )
    return passes(lambda: loaders.train, began)


def ultralytics(folder: Path, cache: bool | str) -> Seconds:
    """Its classification data set with its training transforms, two workers."""
    from types import SimpleNamespace

    from torch.utils.data import DataLoader
    from ultralytics.cfg import get_cfg
    from ultralytics.data.dataset import ClassificationDataset

    began = time.perf_counter()
    args = get_cfg(overrides={"imgsz": SIDE, "cache": cache, "auto_augment": None, "erasing": 0.0})
    args = SimpleNamespace(**vars(args))
    data = ClassificationDataset(str(folder), args, augment=True)
    loader = DataLoader(data, BATCH, shuffle=True, num_workers=0 if cache == "ram" else 2)
    return passes(lambda: loader, began)


def ultralytics_ram(folder: Path) -> Seconds:
    """Its own `cache=ram`; in this process, or each worker would have a copy."""
    return ultralytics(folder, "ram")


def ultralytics_disk(folder: Path) -> Seconds:
    """Its own `cache=disk`: a .npy file beside each picture."""
    return ultralytics(folder, "disk")


def huggingface(folder: Path) -> Seconds:
    """datasets' imagefolder with torchvision's transforms, two workers."""
    from datasets import load_dataset
    from torch.utils.data import DataLoader
    from torchvision import transforms

    began = time.perf_counter()
    random = [transforms.RandomResizedCrop(SIDE, scale=(LEAST, 1)), transforms.RandomHorizontalFlip()]
    transform = transforms.Compose([*random, transforms.PILToTensor()])
    data = load_dataset("imagefolder", data_dir=str(folder), split="train")

    def transformed(rows: dict[str, Any]) -> dict[str, Any]:
        return {"x": [transform(image.convert("RGB")) for image in rows["image"]], "y": rows["label"]}

    loader = DataLoader(data.with_transform(transformed), BATCH, shuffle=True, num_workers=2, persistent_workers=True)
    return passes(lambda: loader, began)


OURS: dict[str, Callable[[Path], Seconds]] = {
    "tellapart, in memory": ours_ram,
    "tellapart, on the disk": ours_disk,
    "torchvision": torchvision,
}
PEERS: dict[str, Callable[[Path], Seconds]] = {
    "simplejpeg alone": simplejpeg,
    "simplejpeg alone, scaled": simplejpeg_scaled,
    "fastai": fastai,
    "Ultralytics, cache=ram": ultralytics_ram,
    "Ultralytics, cache=disk": ultralytics_disk,
    "Hugging Face datasets": huggingface,
}
"""Arms that take packages of the peers' environment."""


def write_photos(source: Path, target: Path, count: int, long_side: int | None) -> None:
    """So many JPEG files in a folder per class, no two of equal bytes, some of them enlarged."""
    from PIL import Image

    originals = sorted(source.rglob("*.jpg"))
    contents = []
    for path in originals:
        content = path.read_bytes()
        if long_side is not None:
            image = Image.open(io.BytesIO(content)).convert("RGB")
            scale = long_side / max(image.size)
            larger = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
            out = io.BytesIO()
            larger.save(out, "JPEG", quality=90)
            content = out.getvalue()
        contents.append(content)
    for number in range(count):
        path, content = originals[number % len(originals)], contents[number % len(originals)]
        said = f"{number:08d}".encode()
        comment = b"\xff\xfe" + (len(said) + 2).to_bytes(2, "big") + said
        folder = target / path.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:05d}.jpg").write_bytes(content[:2] + comment + content[2:])


def measured(arm: str, folder: Path, side: int, python: str, home: Path) -> Seconds:
    """One arm in a process of its own, with a cache folder that it may fill."""
    quiet = {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1", "YOLO_OFFLINE": "true", "PYTHONWARNINGS": "ignore"}
    own = {
        "PHOTOS_SIDE": str(side),
        "XDG_CACHE_HOME": str(home),
        "HF_HOME": str(home / "hf"),
        "YOLO_CONFIG_DIR": str(home),
    }
    command = [python, __file__, "--arm", arm, "--folder", str(folder)]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **quiet, **own})
    found: Seconds = json.loads(out.stdout.splitlines()[-1])
    return found


def raced(folder: Path, side: int, rounds: int, arms: dict[str, str]) -> dict[str, Any]:
    """Each arm in turns: times, and how many times as long as ours it takes.

    arms  name -> the Python that runs it
    """
    from machine import spread

    runs: dict[str, list[Seconds]] = {arm: [] for arm in arms}
    for _ in range(rounds):
        for arm, python in arms.items():
            with tempfile.TemporaryDirectory() as home:
                found = measured(arm, folder, side, python, Path(home))
                if arm == "tellapart, on the disk":
                    found["again_s"] = measured(arm, folder, side, python, Path(home))["first_s"]
            for left in folder.rglob("*.npy"):
                left.unlink()
            runs[arm].append(found)
            print(f"  {arm:<26}{found}", file=sys.stderr, flush=True)
    return {arm: {key: spread([run[key] for run in done]) for key in done[0]} for arm, done in runs.items()}


def main() -> None:
    """Measure, print the tables, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("TELLAPART_DATA_DIR", "../shared/data")))
    parser.add_argument("--peers", help="the Python of the peers' environment (make bench-peers installs it)")
    parser.add_argument("--only", nargs="+", choices=[*OURS, *PEERS])
    parser.add_argument("--tiny", action="store_true", help="few pictures, to see that it works")
    parser.add_argument("--arm", choices=[*OURS, *PEERS], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.arm:
        print(json.dumps({**OURS, **PEERS}[args.arm](args.folder)))
        return
    from machine import write_result

    arms = dict.fromkeys(OURS, sys.executable) | (dict.fromkeys(PEERS, args.peers) if args.peers else {})
    arms = {arm: python for arm, python in arms.items() if args.only is None or arm in args.only}
    results = {}
    for name, count, long_side in (("500 px", 5000, None), ("2048 px", 600, LARGE_SIDE)):
        with tempfile.TemporaryDirectory() as folder:
            pictures = 130 if args.tiny else count
            write_photos(args.data_dir / "hymenoptera", Path(folder), pictures, long_side)
            found = raced(Path(folder), args.side, args.rounds, arms)
        results[name] = {"pictures": pictures, "arms": found}
        print(f"{pictures:,} photos of {name:<20}{'first':>10}{'later':>10}  pictures/s")
        for arm, times in found.items():
            speeds = [f"{pictures / times[key]['median']:>10,.0f}" for key in ("first_s", "later_s")]
            print(f"{arm:<34}{''.join(speeds)}")
    if not args.tiny:
        write_result(
            "photos" if args.side == SIDE else f"photos_{args.side}",
            {"side": args.side, "batch": BATCH, "results": results},
        )


if __name__ == "__main__":
    main()
