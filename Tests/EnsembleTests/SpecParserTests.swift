// Specs that are right, and the places and words of those that are not.

import Foundation
import Jute
import Records
import Testing

@testable import AviaryEnsemble

private let samples = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "conf")

private func parse(_ text: String) -> (spec: EnsembleSpec?, problems: [SpecProblem]) {
    SpecParser.parse(text, file: "a.yaml", defaultName: "a")
}

@Test(arguments: [
    ("laptop", 3), ("five", 5), ("observers", 5), ("hierarchical", 9), ("multi-host", 3),
    ("secured", 3),
])
func `every sample is a spec without problems`(name: String, count: Int) throws {
    let text = try String(contentsOf: samples.appending(path: "\(name).yaml"), encoding: .utf8)
    let (spec, problems) = parse(text)
    #expect(problems == [])
    #expect(spec?.servers.map(\.id) == Array(1...count))
}

@Test func `every spec in the documentation is one without mistakes`() throws {
    let page = samples.deletingLastPathComponent().appending(path: "Documentation/SPEC.md")
    let blocks = try String(contentsOf: page, encoding: .utf8).components(separatedBy: "```yaml\n")
        .dropFirst().compactMap { $0.components(separatedBy: "```").first }
    #expect(blocks.count == 3)
    for block in blocks {
        let (spec, problems) = parse(block)
        #expect(problems == [])
        #expect(spec?.servers.count == 3)
    }
}

@Test(arguments: [
    ("servers:\n  - id: \"1\"\n", "without quotes"), ("version: 2\nservers: 3\n", "must be 1"),
    ("servers: @3\n", "quote what begins"), ("servers: *\n", "quote what begins"),
])
func `a mistake of YAML is explained`(text: String, words: String) {
    #expect(parse(text).problems.contains { $0.message.contains(words) }, "\(parse(text).problems)")
}

@Test func `the schema file is the schema`() throws {
    let file = samples.appending(path: "ensemble.schema.json")
    #expect(try String(contentsOf: file, encoding: .utf8) == EnsembleSchema.json)
}

@Test(arguments: [
    ("servrs: 3\nservers: 3\n", "1:1", "servers"),
    ("servers: 3\nruntime: proces\n", "2:10", "process"),
    ("version: 2\nservers: 3\n", "1:10", "version"),
    ("servers: three\n", "1:10", "number"),
    ("servers: 0\n", "1:10", "no participants"),
    ("config: {tickTme: 1}\nservers: 3\n", "1:10", "tickTime"),
    ("servers:\n  - id: 1\n  - id: 1\n", "3:9", "id 1"),
    ("servers:\n  - id: 1\n    role: observr\n", "3:11", "observer"),
    ("servers:\n  - id: 1\n  - id: 2\n    ports: {client: 2181}\n", "4:21", "2181"),
    (
        "servers:\n  - {id: 1, ports: {client: 8081}}\n  - id: 2\n", "2:29",
        "client of server 1 and the default admin of server 2"
    ),
    ("servers:\n  - {id: 1, weight: 2}\n", "2:10", "weight"),
    ("config: {clientPort: 1}\nservers: 3\n", "1:10", "ports: {client: PORT}"),
    ("config: {tickTime: often}\nservers: 3\n", "1:20", "tickTime=often"),
    ("servers:\n  - {id: 1, config: {snapCount: 0}}\n", "2:33", "snapCount=0"),
    ("servers:\n  - id: 1\n    ports: {cliant: 1}\n", "3:13", "client"),
    ("servers: 3\nservers: 4\n", "2:1", "servers"),
    ("servers:\n  - {id: 1, clientHost: a}\n", "2:25", "external"),
])
func `a mistake is shown where it is`(text: String, place: String, word: String) throws {
    let (spec, problems) = parse(text)
    #expect(spec == nil)
    let problem = try #require(problems.first { $0.severity == .error })
    #expect("\(problem.line):\(problem.column)" == place)
    #expect(problem.message.contains(word))
}

@Test func `all mistakes come at once, each with its line and a caret`() {
    let text = "runtime: proces\nservers: x\n"
    let problems = parse(text).problems
    #expect(problems.count == 2)
    let lines = problems.first?.rendered(file: "a.yaml", source: text).split(separator: "\n")
    #expect(lines?.first?.hasPrefix("a.yaml:1:10: error: unknown runtime proces") == true)
    #expect(lines?.dropFirst() == ["runtime: proces", "         ^"])
}

@Test func `an even number of participants is a warning with its arithmetic`() {
    let (spec, problems) = parse("servers: 4\n")
    #expect(spec?.servers.count == 4)
    #expect(problems.map(\.message) == ["4 participants survive 1 failure, as 3 do"])
}

@Test func `clients may be served at another address, where somebody else starts the servers`()
    throws
{
    let text = """
        runtime: external
        servers:
          - {id: 1, host: a, clientHost: b}
          - {id: 2, host: a}
          - {id: 3, host: "fd00::1", clientHost: "fd00::2"}
        """
    let spec = try #require(parse(text).spec)
    #expect(spec.servers.map { spec.clientHost(of: $0) } == ["b", "a", "fd00::2"])
    let members = try spec.membership().members
    #expect(members.map { $0.client?.host.description } == ["b", "0.0.0.0", "fd00::2"])
    #expect(members.map { ServerPlace($0).host } == ["b", "a", "fd00::2"])
    #expect(parse(spec.yaml).spec?.servers.map(\.clientHost) == ["b", nil, "fd00::2"])
}

@Test func `the servers of one host count up from every default port`() throws {
    let text = """
        config: {metricsProvider.className: x, ssl.keyStore.location: /k}
        servers:
          - {id: 7}
          - {id: 3, host: other}
          - {id: 5, ports: {quorum: 9000}}
        """
    let servers = try #require(parse(text).spec).servers
    #expect(servers.map(\.id) == [3, 5, 7])
    #expect(servers[0].ports == Ports(place: 0))
    #expect(servers[2].ports == Ports(place: 1))
    var chosen = Ports(place: 0)
    chosen.quorum = 9000
    #expect(servers[1].ports == chosen)
}

@Test func `a port that nobody uses collides with none`() {
    let unused =
        "servers:\n  - {id: 1, ports: {client: 7000}}\n  - {id: 2, ports: {client: 2281}}\n"
    #expect(parse(unused).spec != nil)
    let off = "config: {admin.enableServer: false}\nservers:\n  - {id: 1, ports: {client: 8080}}\n"
    #expect(parse(off).spec != nil)
    #expect(parse("servers:\n  - {id: 1, ports: {client: 8080}}\n").spec == nil)
}
