import Foundation

/// A story in Scenarios/: paragraphs of verbs, behind each a line of dashes and what happened.
///
/// Lines that begin with `#` are for the reader. SIMULATION.md has the verbs.
struct ScenarioFile: CustomStringConvertible, Sendable {
    private static let separator = "----"

    let url: URL
    var description: String { url.lastPathComponent }

    static var all: [ScenarioFile] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Scenarios")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
        return names.filter { $0.hasSuffix(".txt") }.sorted().map {
            ScenarioFile(url: folder.appending(path: $0))
        }
    }

    /// The text with what happens now behind each paragraph of verbs.
    static func perform(_ text: String) throws(ScenarioMistake) -> String {
        let scenario = Scenario()
        var paragraphs: [String] = []
        for paragraph in text.components(separatedBy: "\n\n") {
            var lines = paragraph.components(separatedBy: "\n").filter { !$0.isEmpty }
            lines = Array(lines.prefix { $0 != separator })
            let verbs = lines.filter { !$0.hasPrefix("#") }
            if !verbs.isEmpty { lines.append(separator) }
            for verb in verbs { lines += try scenario.perform(ScenarioVerb(verb)) }
            paragraphs.append(lines.joined(separator: "\n"))
        }
        return paragraphs.joined(separator: "\n\n") + "\n"
    }
}
