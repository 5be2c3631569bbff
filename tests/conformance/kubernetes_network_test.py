"""In production, nothing reaches the pods and nothing leaves them but what is meant."""

import unittest

from kubernetes import render
from network_rules import Peer, allows

ALLOWED_NAMESPACE = {"balance-service/callers": "allowed"}
VENUE = Peer(address="104.18.34.205")
DNS = Peer(labels={"k8s-app": "kube-dns"}, namespace="kube-system")
PROMETHEUS = Peer(labels={"app.kubernetes.io/name": "prometheus"}, namespace="monitoring")


def caller(name: str, namespace_labels: dict[str, str] = ALLOWED_NAMESPACE) -> Peer:
    return Peer(labels={"balance-service/caller": name}, namespace="trading",
                namespace_labels=namespace_labels)


class KubernetesNetworkTest(unittest.TestCase):

    def setUp(self):
        self.manifests = render("overlays/prod")
        self.policies = self.manifests.all("NetworkPolicy")
        self.grpc = self.manifests.ports["grpc"]
        self.admin = self.manifests.ports["admin"]
        [port] = self.manifests.redis_pod["containers"][0]["ports"]
        self.redis_port = port["containerPort"]

    def lets_in(self, peer: Peer, port: int) -> bool:
        return allows(self.policies, "Ingress", self.manifests.labels, peer, port)

    def lets_out(self, peer: Peer, port: int, protocol: str = "TCP") -> bool:
        return allows(self.policies, "Egress", self.manifests.labels, peer, port, protocol)

    def test_every_pod_of_the_namespace_is_closed_by_default(self):
        other = {"app.kubernetes.io/name": "another"}

        for port in (1, self.grpc, self.admin):
            self.assertFalse(allows(self.policies, "Ingress", other, caller("trading-bot"), port))
            self.assertFalse(allows(self.policies, "Egress", other, VENUE, port))

    def test_every_served_port_has_its_own_callers(self):
        self.assertEqual(set(self.manifests.ports.values()), {self.grpc, self.admin})
        self.assertTrue(self.lets_in(PROMETHEUS, self.admin))
        self.assertFalse(self.lets_in(PROMETHEUS, self.grpc))
        for name in (entry["id"] for entry in self.manifests.config["callers"]):
            self.assertTrue(self.lets_in(caller(name), self.grpc), name)
            self.assertFalse(self.lets_in(caller(name), self.admin), name)

    def test_the_callers_are_those_of_the_configuration(self):
        [policy] = [policy for policy in self.policies
                    if policy["metadata"]["name"] == "balance-service-callers"]
        [rule] = policy["spec"]["ingress"]
        [peer] = rule["from"]
        [expression] = peer["podSelector"]["matchExpressions"]

        self.assertEqual(sorted(expression["values"]),
                         sorted(entry["id"] for entry in self.manifests.config["callers"]))

    def test_strangers_stay_out(self):
        strangers = {
            "a pod that nobody named": caller("intern"),
            "a pod without the label": Peer(namespace="trading",
                                            namespace_labels=ALLOWED_NAMESPACE),
            "a pod that labels itself": caller("trading-bot", namespace_labels={}),
            "a neighbour": Peer(namespace="balance"),
            "an address": Peer(address="10.0.0.7"),
            "another monitoring pod": Peer(namespace="monitoring"),
            "a false Prometheus": Peer(labels=PROMETHEUS.labels, namespace="trading"),
        }

        for what, stranger in strangers.items():
            for port in (self.grpc, self.admin):
                self.assertFalse(self.lets_in(stranger, port), f"{what}, {port}")

    def test_names_and_venues_can_be_reached(self):
        self.assertTrue(self.lets_out(VENUE, 443))
        for protocol in ("UDP", "TCP"):
            self.assertTrue(self.lets_out(DNS, 53, protocol))

    def test_the_service_and_its_redis_reach_each_other_on_one_port_alone(self):
        service = Peer(labels=self.manifests.labels, namespace="balance")
        redis = Peer(labels=self.manifests.redis_labels, namespace="balance")

        def redis_lets_in(peer: Peer, port: int) -> bool:
            return allows(self.policies, "Ingress", self.manifests.redis_labels, peer, port)

        self.assertTrue(redis_lets_in(service, self.redis_port))
        self.assertTrue(self.lets_out(redis, self.redis_port))
        for port in (self.grpc, self.admin, 53, 443):
            self.assertFalse(redis_lets_in(service, port))
            self.assertFalse(self.lets_out(redis, port))
        strangers = (PROMETHEUS, caller("trading-bot"), Peer(namespace="balance"), redis,
                     Peer(labels=self.manifests.labels, namespace="trading"),
                     Peer(address="10.0.0.7"))
        for stranger in strangers:
            self.assertFalse(redis_lets_in(stranger, self.redis_port), stranger)
        for stranger in (Peer(labels=redis.labels, namespace="trading"),
                         Peer(namespace="balance"), VENUE):
            self.assertFalse(self.lets_out(stranger, self.redis_port), stranger)

    def test_redis_reaches_nobody_and_not_the_service(self):
        redis = Peer(labels=self.manifests.redis_labels, namespace="balance")
        service = Peer(labels=self.manifests.labels, namespace="balance")

        for peer in (service, redis, DNS, VENUE, PROMETHEUS):
            for port in (53, 443, self.redis_port, self.grpc, self.admin):
                self.assertFalse(allows(self.policies, "Egress", self.manifests.redis_labels, peer,
                                        port))
        for port in (self.grpc, self.admin):
            self.assertFalse(self.lets_in(redis, port))

    def test_nothing_else_can_be_reached(self):
        self.assertFalse(self.lets_out(VENUE, 80))
        self.assertFalse(self.lets_out(VENUE, 443, "UDP"))
        self.assertFalse(self.lets_out(VENUE, 53, "UDP"))
        self.assertFalse(self.lets_out(DNS, 443))
        self.assertFalse(self.lets_out(Peer(namespace="kube-system"), 53, "UDP"))
        self.assertFalse(self.lets_out(Peer(namespace="balance"), 443))
        for address in ("10.0.0.1", "172.16.9.9", "172.31.255.1", "192.168.1.1", "100.64.0.1",
                        "169.254.169.254", "127.0.0.1", "0.0.0.0", "224.0.0.1"):
            self.assertFalse(self.lets_out(Peer(address=address), 443), address)


if __name__ == "__main__":
    unittest.main(verbosity=2)
