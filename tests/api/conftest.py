"""Fixtures of the API tests. `cdn` is shared by all of them, once on each database; a test whose outcome depends on
what else is stored, or that ends programs, makes its own with `new_cdn`."""
import pytest

from cluster import Cluster


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def driver(request):
    return request.param


@pytest.fixture(scope="session")
def database(request):
    """database("postgres"): the URL of a new database; database("sqlite"): "sqlite"."""
    return lambda kind: kind if kind == "sqlite" else request.getfixturevalue("pg").database()


@pytest.fixture(scope="session")
def cdn(driver, database, tmp_path_factory):
    one = Cluster(tmp_path_factory.mktemp("cdn"), database=database(driver), max_storage="2G")
    yield one
    one.close()


@pytest.fixture
def new_cdn(database, tmp_path_factory):
    """new_cdn(nodes=1, max_storage="1M", …): a CDN of this test's own; "postgres" is the first argument for that."""
    made = []

    def make(kind="sqlite", env=None, **kw):
        made.append(Cluster(tmp_path_factory.mktemp("cdn"), database=database(kind),
                            env={"DIST_TIMEOUT": "2", **(env or {})}, **kw))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(autouse=True)
def no_findings(request):
    """After each test of the shared CDN: nobody died, no sanitizer has complained."""
    yield
    if "cdn" in request.fixturenames:
        request.getfixturevalue("cdn").check()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if report.failed:
        folders = [str(f.tmp) for f in getattr(item, "funcargs", {}).values() if isinstance(f, Cluster)]
        report.sections.append(("logs are in", "\n".join(folders)))
