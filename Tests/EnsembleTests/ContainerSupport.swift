// Containers for the tests: an environment, a host name, and files that are there.

import Testing

@testable import AviaryEnsemble

/// What a container finds, in a few words.
func situation(
    _ variables: [String: String] = [:], words: [String] = [], host: String = "3f2a9c1b77de",
    files: [String: String] = [:], folders: [String] = []
) -> ContainerSituation {
    ContainerSituation(
        variables: variables, arguments: words, hostName: host, read: { files[$0] },
        list: { folder in
            let below = files.keys.filter { $0.hasPrefix(folder + "/") }
            let names = Set(below.map { String($0.dropFirst(folder.count + 1)) }).sorted()
            return names.isEmpty && !folders.contains(folder) ? nil : names
        })
}

/// The plan of a container that is right.
func plan(
    _ variables: [String: String] = [:], words: [String] = [], host: String = "3f2a9c1b77de",
    files: [String: String] = [:], folders: [String] = []
) throws -> ContainerPlan {
    try ContainerPlanner.plan(
        situation(variables, words: words, host: host, files: files, folders: folders),
        verbs: ["cli", "status"])
}

/// What is said of a container that is wrong.
func complaints(
    _ variables: [String: String] = [:], words: [String] = [], host: String = "3f2a9c1b77de",
    files: [String: String] = [:]
) -> String {
    do throws(ContainerProblems) {
        _ = try ContainerPlanner.plan(
            situation(variables, words: words, host: host, files: files))
        return ""
    } catch {
        return error.messages.joined(separator: "\n")
    }
}

extension ContainerPlan {
    /// The lines of the zoo.cfg that is written, without the mark.
    var lines: [String] {
        let text = files.first { $0.path.hasSuffix("/zoo.cfg") }?.text ?? ""
        return text.split(separator: "\n").dropFirst().map(String.init)
    }

    /// The `myid` that is written.
    var identity: String? { files.first { $0.path.hasSuffix("/myid") }?.text }

    /// The last value of a key.
    func value(_ key: String) -> String? {
        lines.last { $0.hasPrefix(key + "=") }.map { String($0.dropFirst(key.count + 1)) }
    }

    /// The lines that list servers.
    var members: [String] { lines.filter { $0.hasPrefix("server.") } }
}

/// Three servers, as the official image's documentation lists them.
let officialServers =
    "server.1=zoo1:2888:3888;2181 server.2=zoo2:2888:3888;2181 server.3=zoo3:2888:3888;2181"
