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

@Test func `only servers with an operator can be changed, and a spec has the last word`() {
    var spec = EnsembleSpec.local(name: "made", count: 1)
    func text(_ digest: String?) -> String {
        ServerFolder(spec.servers[0], of: spec, in: "/made", operatorDigest: digest)
            .configurationText
    }
    #expect(!text(nil).contains("reconfigEnabled"))
    #expect(text("super:x").contains("reconfigEnabled=true\nstandaloneEnabled=false\n"))
    #expect(text("super:x").contains("superDigest=super:x\n"))
    spec.config = [ConfigEntry(key: "reconfigEnabled", value: "false")]
    #expect(text("super:x").contains("reconfigEnabled=false\n"))
}
