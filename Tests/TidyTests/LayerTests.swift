// The layers of Documentation/ARCHITECTURE.md: a target imports only what stands below it, and the
// targets that decide know no socket, file, clock or task.

import Testing

/// The targets by layer, lowest first; within a layer none imports another unless it is said here.
private let layers: [[String]] = [
    ["Jute", "CYAML", "Mutants"], ["YAML"],
    ["Records"],
    ["Configuration", "Tree", "Storage"],
    ["Quorum"],
    ["ServerCore", "AviaryClient"],
    ["AviaryServer", "AviaryShell", "AviaryEnsemble", "Simulation"],
    ["AviaryCommands", "Fuzzing", "PlannedChanges"],
    ["aviary", "simulate", "fuzz"],
]

private let levelOf: [String: Int] = {
    var levels: [String: Int] = [:]
    for (level, targets) in layers.enumerated() {
        for target in targets { levels[target] = level }
    }
    return levels
}()

/// Targets that decide; what they may not know, and what stands in its place.
private let pureTargets: Set<String> = [
    "Jute", "YAML", "Records", "Configuration", "Tree", "Storage", "Quorum", "ServerCore",
    "AviaryClient",
]
private let impure: [String: String] = [
    "NIOPosix": "leave sockets to a driver, in AviaryServer or AviaryClient/Transport",
    "NIOTransportServices": "leave sockets to a driver, in AviaryServer or AviaryClient/Transport",
    "NIOCore": "take bytes as a span or an array; event loops belong to drivers",
    "Foundation": "use the standard library, or Glibc behind a seam",
    "FoundationEssentials": "use the standard library, or Glibc behind a seam",
    "Dispatch": "let time come in as an argument",
    "Glibc": "take time, randomness and files as arguments, or go through Storage's FileSystem",
    "Musl": "take time, randomness and files as arguments, or go through Storage's FileSystem",
    "Darwin": "take time, randomness and files as arguments, or go through Storage's FileSystem",
    "Logging": "return what happened as a value; a driver logs it",
]

/// The places in those targets that are drivers after all, and the modules they may know.
private let drivers: [(prefix: String, modules: Set<String>)] = [
    ("Sources/AviaryClient/Transport/", ["NIOPosix", "NIOCore", "Glibc", "Musl", "Darwin"]),
    ("Sources/AviaryClient/ZooKeeperClient", ["NIOPosix", "NIOCore"]),
    ("Sources/Storage/FileSystem/", ["Glibc", "Musl", "Darwin"]),
    // Memory in pages: no effect that anybody else can see.
    ("Sources/Tree/Memory.swift", ["Glibc", "Musl", "Darwin"]),
    // Looks at directories of this machine, for a start and for a doctor; nothing simulated does.
    ("Sources/Storage/Identity/IdentityPlace.swift", ["Glibc", "Musl", "Darwin"]),
]

@Test func `a target imports only targets of lower layers`() {
    for file in Project.sources {
        guard let level = levelOf[file.target] else {
            Issue.record(
                "\(file.path): the target \(file.target) has no layer; give it one in LayerTests")
            continue
        }
        for (module, line) in file.imports {
            guard let other = levelOf[module], other >= level else { continue }
            Issue.record(
                "\(file.path):\(line): \(file.target) (layer \(level)) imports \(module) (layer \(other)); move what both need below them"
            )
        }
    }
}

@Test func `what decides knows no socket, file, clock or task`() {
    for file in Project.sources where pureTargets.contains(file.target) {
        let allowed = drivers.first { file.path.hasPrefix($0.prefix) }?.modules ?? []
        for (module, line) in file.imports where !allowed.contains(module) {
            guard let instead = impure[module] else { continue }
            Issue.record("\(file.path):\(line): \(file.target) imports \(module); \(instead)")
        }
    }
}

@Test func `nothing in the release binary needs Foundation`() {
    for file in Project.sources {
        for (module, line) in file.imports where module.hasPrefix("Foundation") {
            Issue.record(
                "\(file.path):\(line): imports \(module), ten megabytes of it; use the standard library, Glibc or NIO"
            )
        }
    }
}
