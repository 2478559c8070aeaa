// What probes are told, from what a server answers.

import Testing

@testable import AviaryEnsemble

private let serving = "Zookeeper version: 3.9.5\nZxid: 0x100000001\nMode: follower\nNode count: 5\n"

@Test func `any answer is alive, silence is not`() {
    #expect(ServerHealth.alive("imok", at: "a:1").isGood)
    #expect(ServerHealth.alive("ruok is not executed because", at: "a:1").isGood)
    #expect(
        ServerHealth.alive(nil, at: "a:1")
            == ServerHealth(false, "not alive: nothing at a:1 answers"))
}

@Test func `a follower is ready when it has caught up`() {
    let synced = "zk_peer_state\tfollowing - broadcast\n"
    let behind = "zk_peer_state\tfollowing - synchronization\n"
    #expect(
        ServerHealth.ready(summary: serving, figures: synced, at: "a:1")
            == ServerHealth(true, "ready: follower"))
    #expect(!ServerHealth.ready(summary: serving, figures: behind, at: "a:1").isGood)
    #expect(ServerHealth.ready(summary: serving, figures: "not in the whitelist", at: "a:1").isGood)
}

@Test func `a leader is ready with enough followers in step`() {
    let leads = serving.replacing("follower", with: "leader")
    func figures(_ synced: Int) -> String {
        "zk_peer_state\tleading - broadcast\nzk_quorum_size\t5\nzk_synced_followers\t\(synced)\n"
    }
    #expect(ServerHealth.ready(summary: leads, figures: figures(2), at: "a:1").isGood)
    #expect(!ServerHealth.ready(summary: leads, figures: figures(1), at: "a:1").isGood)
}

@Test func `without a quorum nobody is ready`() {
    let refusal = "This ZooKeeper instance is not currently serving requests\n"
    #expect(!ServerHealth.ready(summary: refusal, figures: refusal, at: "a:1").isGood)
    #expect(!ServerHealth.ready(summary: nil, figures: nil, at: "a:1").isGood)
    let reading = serving.replacing("follower", with: "read-only")
    #expect(!ServerHealth.ready(summary: reading, figures: nil, at: "a:1").isGood)
}
