# Everything works from a fresh clone: each target sets up what it needs first.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
READY := $(VENV)/.ready
# What this engine is compared with is installed beside it, never into it.
PEERS := .venv-peers
WORK ?= out/peers
DATA ?= ../shared/data
ENCODER ?= embedded

.PHONY: demo test lint serve soak bench bench-peers clean

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch -e '.[dev,train]'
	touch $(READY)

demo: $(READY)
	$(BIN)/python data/samples/demo.py

test: $(READY)
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml deploy/compose.gpu.yml
	$(BIN)/hadolint deploy/Dockerfile
	$(BIN)/kubernetes-validate --strict --quiet $(filter-out %/kustomization.yaml,$(wildcard deploy/kubernetes/*.yaml))

serve: $(READY)
	$(BIN)/engine serve

# Ten minutes of drawn requests to every route; the suite has a short run of it.
soak: $(READY)
	$(BIN)/python -m tests.serving.soak $(or $(SECONDS),600)

bench: $(READY)
	$(BIN)/python benchmarks/scale.py

$(PEERS)/.ready: $(READY) benchmarks/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(BIN)/python -c 'import site; print(site.getsitepackages()[0])' > \
		$$($(PEERS)/bin/python -c 'import site; print(site.getsitepackages()[0])')/product.pth
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt \
		-r benchmarks/peers/requirements.txt
	touch $@

# Hours and 25 GB; `STEPS="--steps build --sizes 10000"` does a part of it.
bench-peers: $(PEERS)/.ready
	$(PEERS)/bin/python -m benchmarks.peers.run --work $(WORK) --data $(DATA) \
		--encoder $(ENCODER) --save $(STEPS)

clean:
	rm -rf $(VENV) $(PEERS) out .mypy_cache .ruff_cache .pytest_cache .hypothesis
