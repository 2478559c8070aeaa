// The operator's credential, and what servers are told of it.

import Foundation
import Records
import Storage
import Testing

@testable import AviaryEnsemble

@Test func `servers know the digest that every ZooKeeper client computes`() {
    let credential = OperatorCredential(authentication: "super:secret")
    #expect(credential.digest == "super:lK75jTNcA+U9vtVEw5vB51mj/w4=")
}

@Test func `a credential is made once, for its owner's eyes alone`() throws {
    let home = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(
        at: home.appending(path: "made"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: home) }
    let folder = EnsembleFolder("made", home: home.path)
    #expect(folder.operatorCredential == nil)
    try folder.makeOperatorCredential()
    let made = try #require(folder.operatorCredential)
    #expect(made.authentication.count == "super:".count + 48)
    try folder.makeOperatorCredential()
    #expect(folder.operatorCredential == made)
    let file = home.appending(path: "made/operator").path
    let rights = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
    #expect(rights as? Int == 0o600)
}

@Test func `only servers with an operator can be changed, and a spec has the last word`() throws {
    let home = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(
        at: home.appending(path: "made"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: home) }
    let folder = EnsembleFolder("made", home: home.path)
    var spec = EnsembleSpec.local(name: "made", count: 1)
    func text() -> String {
        ServerFolder(spec.servers[0], of: spec, in: "/made", given: folder.given(of: spec))
            .configurationText
    }
    #expect(!text().contains("reconfigEnabled"))
    #expect(!text().contains("aviary.ensemble"))
    try folder.makeOperatorCredential()
    let digest = try #require(folder.operatorCredential?.digest)
    #expect(text().contains("reconfigEnabled=true\nstandaloneEnabled=false\n"))
    #expect(text().contains("superDigest=\(digest)\n"))
    try folder.makeIdentity()
    let identity = try #require(folder.identity)
    #expect(identity.hasPrefix("made.") && identity.count == "made.".count + 16)
    try folder.makeIdentity()
    #expect(folder.identity == identity)
    #expect(text().contains("aviary.ensemble=\(identity)\ndb.autocreate=false\n"))
    spec.config = [ConfigEntry(key: "reconfigEnabled", value: "false")]
    #expect(text().contains("reconfigEnabled=false\n"))
}

@Test func `a server keeps what it knows of an operator whose credential is gone`() throws {
    let home = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(
        at: home.appending(path: "lost"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: home) }
    let folder = EnsembleFolder("lost", home: home.path)
    let spec = EnsembleSpec.local(name: "lost", count: 2)
    try folder.save(spec)
    func server(_ place: Int) -> ServerFolder {
        ServerFolder(spec.servers[place], of: spec, in: folder.path, given: folder.given(of: spec))
    }
    try folder.makeOperatorCredential()
    try folder.makeIdentity()
    let before = server(0).stamp
    try server(0).write(in: POSIXFileSystem())
    #expect(!folder.isCredentialLost)
    try FileManager.default.removeItem(at: home.appending(path: "lost/operator"))
    #expect(folder.isCredentialLost)
    // The digest is in the other's zoo.cfg, so that the second one gets it, too.
    #expect(server(0).stamp == before)
    #expect(server(1).configurationText.contains("superDigest="))
    try FileManager.default.removeItem(at: home.appending(path: "lost/1/zoo.cfg"))
    #expect(server(0).configurationText.contains("reconfigEnabled=true\nstandaloneEnabled=false\n"))
    #expect(!server(0).configurationText.contains("superDigest"))
}

@Test func `with a new credential every server restarts before anything else is changed`() {
    let committed = members([1, 2, 3])
    var view = running(committed, leader: 1)
    for id in ([1, 2, 3] as [Int64]).map(ServerID.init) {
        view.update(id) { server in
            server.isCurrent = false
            server.pending = [SettingChange(OperatorCredential.digestKey, "old", "new")]
        }
    }
    let plan = ChangePlan.make(view, goal(members([1, 2, 3, 4])))
    #expect(
        deeds(plan) == [
            "restart 2", "restart 3", "hand-over 3", "restart 1", "start-joiner 4", "add 4",
        ])
    #expect(plan?.entries.allSatisfy { $0.margin.mayFail != nil } ?? false)
}

@Test func `one server alone learns a new credential only when an outage is accepted`() {
    var view = running(members([1]), leader: 1)
    view.update(ServerID(1)) { server in
        server.isCurrent = false
        server.pending = [SettingChange(OperatorCredential.digestKey, "old", "new")]
    }
    var wish = goal(members([1, 2, 3]))
    let advice = ChangePlan.make(view, wish)?.obstacle?.advice
    #expect(advice == "the same again with --accept-outage")
    wish.isOutageAccepted = true
    #expect(deeds(ChangePlan.make(view, wish)).prefix(2) == ["restart 1", "start-joiner 2"])
}
