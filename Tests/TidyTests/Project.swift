// The project as the tidy tests read it: every Swift file with its lines, found from this file's own place.

import Foundation

/// One Swift file.
struct SourceFile: Sendable {
    /// From the project's top: `Sources/Tree/DataTree.swift`.
    var path: String
    var lines: [Substring]

    /// The target it belongs to: the second part of its path.
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

    /// What it imports, module names alone, with the number of the line.
    var imports: [(module: String, line: Int)] {
        lines.enumerated().compactMap { index, line in
            var words = line.split(separator: " ")[...]
            while let first = words.first, first.hasPrefix("@") || accessLevels.contains(first) {
                words.removeFirst()
            }
            guard words.popFirst() == "import", var module = words.popFirst() else { return nil }
            if importKinds.contains(module), let next = words.popFirst() { module = next }
            return (module.split(separator: ".").first.map(String.init) ?? "", index + 1)
        }
    }
}

private let accessLevels: Set<Substring> = [
    "public", "package", "internal", "private", "fileprivate",
]
private let importKinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var"]

/// The project's own Swift files.
enum Project {
    static let top = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let sources = files(in: "Sources")
    static let tests = files(in: "Tests")

    private static func files(in folder: String) -> [SourceFile] {
        let root = top.appendingPathComponent(folder)
        let found = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
        var files: [SourceFile] = []
        while let url = found?.nextObject() as? URL {
            guard url.pathExtension == "swift",
                let text = try? String(contentsOf: url, encoding: .utf8)
            else { continue }
            let path = String(url.path.dropFirst(top.path.count + 1))
            files.append(
                SourceFile(
                    path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false)
                ))
        }
        return files.sorted { $0.path < $1.path }
    }
}
