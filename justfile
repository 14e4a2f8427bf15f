# Every command that a person or CI runs; `uv run just` lists them.

uv := env("UV", "uv")  # `uv run` says where it is

_list:
    @just --list --unsorted

# everything that CI checks
check: lint types twins-check provider-index-check wheels test integrations providers reliability fuzz

# format, and fix what can be fixed
fmt:
    ruff format
    ruff check --fix

# formatting and lint rules
lint:
    ruff format --check
    ruff check

# strict type checking
types:
    basedpyright

# write the sync and the raw resources from the async ones
twins:
    python scripts/twins.py

twins-check:
    python scripts/twins.py --check

# write the index of the providers, `providers/_index.py`, from the declarations
provider-index:
    python scripts/provider_index.py

provider-index-check:
    python scripts/provider_index.py --check

# write the tables of docs/providers.md from the declarations
provider-table:
    python scripts/provider_table.py

# write docs/api-coverage.md: every method, its route and its test
coverage-table:
    python scripts/coverage_table.py

# the default suite
test:
    pytest

# the tests of provider responses again, with every provider's SDK and with earlier versions
providers *args: (_providers "providers" args) (_providers "providers-older" args)

_providers group *args:
    env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT=.venvs/{{ group }} \
        {{ uv }} run --no-default-groups --group {{ group }} \
        pytest tests/providers tests/core/test_providers.py tests/core/test_wrap.py {{ args }}

# the integrations with real frameworks and servers; some, and old versions, in environments of theirs
integrations *args: (_newest args) (_integration "litellm" args) (_integration "llamaindex" args) (_agents_older args) (_web_older args)

_newest *args:
    TESTED_VERSIONS=.tested/newest.json pytest tests/integrations {{ args }}

_integration name *args:
    env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT=.venvs/{{ name }} \
        {{ uv }} run --no-default-groups --group {{ name }} \
        basedpyright --pythonpath .venvs/{{ name }}/bin/python \
        $(git ls-files 'packages/bearlumen-{{ name }}/*.py' 'tests/integrations/{{ name }}/*.py' 'examples/{{ name }}*.py')
    env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT=.venvs/{{ name }} TESTED_VERSIONS=.tested/{{ name }}.json \
        {{ uv }} run --no-default-groups --group {{ name }} \
        pytest tests/integrations/{{ name }} tests/docs/test_docs.py -k {{ name }} {{ args }}

# the frameworks in the oldest versions that are supported
_agents_older *args: (_older "agents-older" "langchain litellm llamaindex openai_agents" args)
_web_older *args: (_older "web-older" "django flask" args)

_older group names *args:
    env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT=.venvs/{{ group }} TESTED_VERSIONS=.tested/{{ group }}.json \
        {{ uv }} run --no-default-groups --group {{ group }} \
        pytest $(printf 'tests/integrations/%s ' {{ names }}) {{ args }}

# write docs/compatibility.md, of what the last `just integrations` came to
compatibility-table:
    python scripts/compatibility_table.py

# what recording and delivering costs, beside the floor and other SDKs; minutes
bench *args:
    python benchmarks/delivery.py {{ args }}

# the server: ingest beside the raw engine, a price, every question over 10 M events; half an hour
bench-server:
    python benchmarks/server/ingest.py
    python benchmarks/server/pricing.py
    python benchmarks/server/queries.py

# that nothing is lost and nothing doubled: real processes, killed and starved, for some minutes
reliability *args:
    env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT=.venvs/reliability \
        {{ uv }} run --no-default-groups --group reliability \
        pytest tests/reliability {{ args }}

# the server against its OpenAPI document, with what schemathesis makes of it
fuzz *args:
    env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT=.venvs/fuzz \
        {{ uv }} run --no-default-groups --group fuzz \
        pytest tests/fuzz {{ args }}

# build every wheel and import each alone in a clean environment
wheels:
    python scripts/wheels.py
