// The operator's credential, and what servers are told of it.

import Foundation
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
        ServerFolder(spec.servers[0], of: spec, in: "/made", given: folder.given)
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
