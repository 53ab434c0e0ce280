"""GET ready: who can take work, and why not; health goes on."""
import pytest

from cluster import http, wait_for


def ready(c, who):
    return http("GET", c.base(who) + "/ready")


def wait_ready(c, who):
    wait_for(f"{who} being ready", lambda: ready(c, who).status_code == 200)


def wait_unready(c, who):
    """Returns the sentence, after a look at the rest of the answer."""
    def answer():
        r = ready(c, who)
        return [r] if r.status_code == 503 else []  # such an answer counts as false itself
    [r] = wait_for(f"{who} not being ready", answer)
    assert int(r.headers["retry-after"]) >= 1
    return r.json()["message"]


@pytest.mark.parametrize("who", ["dist", "node1"])
def test_ready_says_ok(cdn, who):
    wait_ready(cdn, who)
    assert ready(cdn, who).json() == {"ready": True}
    assert http("POST", cdn.base(who) + "/ready").status_code == 405


@pytest.mark.parametrize("who", ["dist", "node1"])
def test_ready_never_needs_the_token(new_cdn, who):
    c = new_cdn(nodes=1, env={"CDN_TOKEN": "s3cret"}, dist_args=["--protect-reads"], node_args=["--protect-reads"])
    wait_ready(c, who)


def test_one_node_up_is_enough_for_dist_and_none_is_not(new_cdn):
    c = new_cdn(nodes=2)
    c.kill("node1")
    c.wait_down("node1")
    assert ready(c, "dist").status_code == 200
    c.kill("node2")
    assert "node" in wait_unready(c, "dist")
    assert http("GET", c.url + "/health").status_code == 200
    c.start("node2")
    wait_ready(c, "dist")


def test_a_node_without_dist_is_alive_but_not_ready(new_cdn):
    c = new_cdn(nodes=1)
    wait_ready(c, "node1")
    c.stop("dist")
    assert "dist" in wait_unready(c, "node1")
    assert http("GET", c.base("node1") + "/health").status_code == 200
    c.start("dist")
    wait_ready(c, "node1")


def test_a_node_that_cannot_write_is_not_ready(new_cdn):
    c = new_cdn(nodes=1)
    wait_ready(c, "node1")
    (c.storage(1) / "tmp").rmdir()
    assert "storage folder" in wait_unready(c, "node1")
    c.restart("node1")
    wait_ready(c, "node1")


def test_asking_leaves_nothing_in_the_folder(new_cdn):
    c = new_cdn(nodes=1)
    wait_ready(c, "node1")
    assert not list((c.storage(1) / "tmp").iterdir())
