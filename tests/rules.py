"""The rules of the architecture as checks of one source file: each returns what it found, an empty list if nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests import structure
from tests.structure import Source, calls, dotted, dotted_at_import, imported

BELOW = {  # package -> what of ours it may import, beside itself
    "core": set(),
    "annotators": {"core"},
    "pipeline": {"core", "annotators"},
    "training": {"core", "annotators", "pipeline"},
    "starter": {"core", "annotators", "pipeline", "training"},
    "ui": {"core", "annotators", "pipeline", "training"},
    "server": {"core", "annotators", "pipeline", "training", "ui"},
    "app.py": {"core", "annotators", "pipeline", "training", "ui", "server"},
    "launch.py": set(),
}
WEB = {"gradio", "gradio_client", "fastapi", "starlette", "uvicorn"}
WEB_ALLOWED = {"ui": WEB, "server": WEB, "app.py": {"uvicorn"}}
HEAVY = {"torch", "diffusers", "transformers", "accelerate", "cv2"}
LIGHT_PACKAGES = ("core", "annotators", "ui", "server", "app.py", "launch.py")
LIGHT_PIPELINE = {
    f"pipeline.{name}"
    for name in (
        "request", "events", "run", "engine", "resolve", "library", "catalog", "maps", "metadata", "outputs",
        "samplers", "manifest",
    )
}  # fmt: skip

BANNED_MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "imp"}
BANNED_NAMES = {
    "eval", "exec", "torch.load", "torch.hub.load", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "os.system",
    "cv2.imread", "cv2.imdecode", "cv2.VideoCapture", "builtins.eval", "builtins.exec",
}  # fmt: skip
BANNED_ATTRIBUTES = {"enable_attention_slicing", "allow_pickle", "imread", "imdecode", "VideoCapture"}
BANNED_KEYWORDS = {"custom_pipeline", "trust_remote_code", "allow_pickle"}
BANNED_VALUES = {("shell", True), ("weights_only", False), ("use_safetensors", False), ("share", True)}
BANNED_TEXT = {"OMP_WAIT_POLICY"}
TAKES_PATHS = {
    f"gradio.{name}"
    for name in (
        "File", "Files", "Image", "ImageEditor", "ImageSlider", "AnnotatedImage", "Gallery", "UploadButton", "Audio",
        "Video", "Model3D", "FileExplorer", "DownloadButton", "Paint", "Sketchpad", "ImageMask", "MultimodalTextbox",
        "Chatbot", "ChatInterface", "load",
    )
}  # fmt: skip


def ours(module: str) -> str | None:
    """The package of ours that `module` belongs to, if it is one."""
    head = module.split(".", maxsplit=1)[0]
    return head if head in structure.PACKAGES else {"app": "app.py", "launch": "launch.py"}.get(head)


def upward_imports(source: Source) -> list[str]:
    allowed = BELOW[source.package] | {source.package}
    found = ((line, module) for line, module in imported(source, at_import=False) if ours(module))
    return [f"{source.path}:{line} imports {module}" for line, module in found if ours(module) not in allowed]


def web_imports(source: Source) -> list[str]:
    allowed = WEB_ALLOWED.get(source.package, set())
    found = ((line, module.split(".")[0]) for line, module in imported(source, at_import=False))
    return [f"{source.path}:{line} imports {head}" for line, head in found if head in WEB - allowed]


def heavy_imports(source: Source) -> list[str]:
    """Imports of what takes seconds, where the page would have to wait for it."""
    if source.package not in LIGHT_PACKAGES and source.module not in LIGHT_PIPELINE:
        return []
    found = ((line, module.split(".")[0]) for line, module in imported(source, at_import=True))
    return [f"{source.path}:{line} imports {head}" for line, head in found if head in HEAVY]


def actions_at_import(source: Source) -> list[str]:
    acting = {"sys.argv", "open", "input", "print", "os.environ", "os.getenv", "os.getcwd"}
    names = dotted_at_import(source) if source.path != "launch.py" else ()  # it looks for its Python before all else
    return [f"{source.path}:{line} uses {name}" for line, name in names if name in acting]


def banned(source: Source) -> list[str]:
    return [f"{source.path}:{line} {what}" for line, what in _banned(source)]


def _banned(source: Source) -> Iterator[tuple[int, str]]:
    for line, module in imported(source, at_import=False):
        if module.split(".")[0] in BANNED_MODULES:
            yield line, f"imports {module}"
    for line, name in dotted(source):
        if name in BANNED_NAMES or (name.split(".")[-1] in BANNED_ATTRIBUTES and "." in name):
            yield line, f"uses {name}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assert):
            yield node.lineno, "asserts, which python -O leaves out"
        elif isinstance(node, ast.keyword):
            value = node.value.value if isinstance(node.value, ast.Constant) else None
            if node.arg in BANNED_KEYWORDS or (node.arg, value) in BANNED_VALUES:
                yield node.value.lineno, f"passes {node.arg}"
        elif isinstance(node, ast.Constant) and node.value in BANNED_TEXT | BANNED_KEYWORDS:
            yield node.lineno, f"names {node.value}"


def careless_loads(source: Source) -> list[str]:
    """`from_pretrained` that may reach for the network, or fall back to pickle files."""
    dicts = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and isinstance(node.targets[0], ast.Name):
            keys = {ast.literal_eval(key) for key, value in _pairs(node.value) if _is_true(value)}
            dicts.setdefault(node.targets[0].id, []).append(keys)
    found = []
    for call, name in calls(source):
        if not name.endswith(".from_pretrained"):
            continue
        given = {keyword.arg for keyword in call.keywords if keyword.arg and _is_true(keyword.value)}
        unpacked = [structure.name_of(keyword.value) for keyword in call.keywords if keyword.arg is None]
        for each in unpacked:
            given |= set.intersection(*dicts.get(each, [set()]))
        needed = {"local_files_only"} if "Tokenizer" in name else {"local_files_only", "use_safetensors"}
        found += [f"{source.path}:{call.lineno} {name} lacks {what}" for what in sorted(needed - given)]
    return found


def _pairs(node: ast.Dict) -> Iterator[tuple[ast.expr, ast.expr]]:
    return ((key, value) for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant))


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def risky_components(source: Source) -> list[str]:
    """Components that are handed paths, and markup put together from values."""
    if source.package != "ui":
        return []
    found = [f"{source.path}:{line} uses {name}" for line, name in dotted(source) if name in TAKES_PATHS]
    for call, name in calls(source):
        composed = any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in call.args[:1])
        composed |= any(isinstance(word.value, ast.JoinedStr) for word in call.keywords if word.arg == "html_template")
        if name in ("gradio.HTML", "gradio.Markdown") and composed:
            found.append(f"{source.path}:{call.lineno} composes markup")
    return found


CHECKS = [
    upward_imports,
    web_imports,
    heavy_imports,
    actions_at_import,
    banned,
    careless_loads,
    risky_components,
]
