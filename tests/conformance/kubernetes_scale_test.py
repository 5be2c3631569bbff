"""However many pods there are, they stay within the upstreams' limits, and one is always there."""

import unittest

import source_facts
from kubernetes import Manifests, for_each_overlay, render, seconds
from network_rules import selects

# Requests a second that one key may make: PolySimulator's free plan, Polymarket US as documented.
PLANS = {"polysimulator": 2, "polymarket_us": 20}


def replicas(manifests: Manifests) -> tuple[int, int]:
    """The least and the greatest number of replicas."""
    if manifests.has("HorizontalPodAutoscaler"):
        spec = manifests.one("HorizontalPodAutoscaler")["spec"]
        return spec["minReplicas"], spec["maxReplicas"]
    return manifests.deployment["replicas"], manifests.deployment["replicas"]


def pods_at_once(manifests: Manifests) -> int:
    """Of a rollout. As many as surge may still be draining, uncounted by the Deployment."""
    surge = manifests.deployment["strategy"]["rollingUpdate"]["maxSurge"]
    return replicas(manifests)[1] + 2 * surge


def sources(manifests: Manifests):
    """(venue, upstream settings, TTL in seconds) of every source."""
    config = manifests.config
    for account in config["accounts"]:
        for source in account["sources"]:
            [venue] = PLANS.keys() & source.keys()
            upstream = config.get("upstream", {}) | source.get("upstream", {})
            cache = config.get("cache", {}) | source.get("cache", {})
            ttl = seconds(cache["ttl"]) if "ttl" in cache else source_facts.duration("kTtl")
            yield venue, upstream, ttl


def has_sandbox(manifests: Manifests) -> bool:
    return "initContainers" in manifests.pod


class KubernetesScaleTest(unittest.TestCase):

    @for_each_overlay
    def test_all_pods_of_a_rollout_stay_within_the_plan(self, manifests: Manifests):
        # With the sandbox each pod has upstreams for itself; the pods of a fleet share the rate.
        pods = 1 if has_sandbox(manifests) or manifests.has_fleet else pods_at_once(manifests)
        for venue, upstream, _ in sources(manifests):
            self.assertLessEqual(pods * upstream["requests_per_second"], PLANS[venue], venue)
            # With more, a pod exceeds its rate for a moment.
            self.assertEqual(upstream["burst"], 1, venue)

    @for_each_overlay
    def test_readings_outlive_the_wait_for_the_next_request(self, manifests: Manifests):
        for venue, upstream, ttl in sources(manifests):
            self.assertGreater(ttl, 1 / upstream["requests_per_second"], venue)

    @for_each_overlay
    def test_a_fleet_is_as_large_as_a_rollout_makes_it(self, manifests: Manifests):
        self.assertEqual(manifests.has_fleet, manifests.name == "overlays/prod")
        if manifests.has_fleet:
            self.assertEqual(manifests.config["fleet"]["max_replicas"], pods_at_once(manifests))

    @for_each_overlay
    def test_without_redis_every_pod_still_reads_before_its_figures_are_too_old(
            self, manifests: Manifests):
        if not manifests.has_fleet:
            return
        fleet = manifests.config["fleet"]
        reserve = fleet.get("reserve", source_facts.number("kReserve"))
        self.assertNotIn("max_stale", manifests.config.get("cache", {}))
        for venue, upstream, ttl in sources(manifests):
            # From a random point of its period on, so up to twice that after the loss.
            wait = 2 * fleet["max_replicas"] / (reserve * upstream["requests_per_second"])
            self.assertLess(wait, ttl + source_facts.duration("kMaxStale"), venue)

    def test_production_survives_the_loss_of_a_pod(self):
        manifests = render("overlays/prod")
        least, _ = replicas(manifests)

        self.assertGreaterEqual(least, 2)
        spreads = {spread["topologyKey"]: spread["maxSkew"]
                   for spread in manifests.pod["topologySpreadConstraints"]}
        self.assertEqual(spreads, {"kubernetes.io/hostname": 1, "topology.kubernetes.io/zone": 1})

    @for_each_overlay
    def test_evictions_leave_a_pod_and_do_not_block_for_ever(self, manifests: Manifests):
        for budget in manifests.all("PodDisruptionBudget"):
            spec = budget["spec"]
            self.assertTrue(selects(spec["selector"], manifests.labels))
            self.assertTrue(spec["selector"].get("matchLabels"))
            self.assertGreaterEqual(spec["maxUnavailable"], 1)
            self.assertLess(spec["maxUnavailable"], replicas(manifests)[0])
        self.assertEqual(manifests.has("PodDisruptionBudget"), manifests.name == "overlays/prod")

    def test_the_autoscaler_owns_the_number_of_replicas(self):
        manifests = render("overlays/prod")
        spec = manifests.one("HorizontalPodAutoscaler")["spec"]
        deployment = manifests.one("Deployment")

        self.assertEqual(spec["scaleTargetRef"], {"apiVersion": deployment["apiVersion"],
                                                  "kind": "Deployment",
                                                  "name": deployment["metadata"]["name"]})
        self.assertNotIn("replicas", deployment["spec"])
        self.assertLess(spec["minReplicas"], spec["maxReplicas"])
        self.assertGreaterEqual(spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"], 60)

    def test_development_runs_one_pod(self):
        self.assertEqual(replicas(render("overlays/dev")), (1, 1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
