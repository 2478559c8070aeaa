// What nobody meant to leave behind, and what must not be written in the first place.

import Testing

/// What may not stand in a source, what to write instead, and the files that have it for a reason.
private struct Ban: Sendable {
    var words: String
    var instead: String
    var except: Set<String> = []
}

// Each is written in two parts, or this file would find itself.
private let bans = [
    Ban(words: "TO" + "DO", instead: "do it, or open an issue and name it"),
    Ban(words: "FIX" + "ME", instead: "mend it, or open an issue and name it"),
    Ban(words: "XX" + "X", instead: "say in a sentence what is odd, and why it is so"),
    Ban(
        words: "fatal" + "Error(",
        instead: "return an error for what a peer did, preconditionFailure for our own bug",
        except: ["Sources/Tree/Memory.swift"]),  // No memory: there is nobody left to tell.
    Ban(words: "try" + "!", instead: "let the error through, or catch it where it can be told"),
    Ban(words: "as" + "! ", instead: "use an enum with the cases, or `as?` with an error"),
    Ban(
        words: "Task" + ".sleep",
        instead: "wait for what must become true, or let time come in as an argument"),
    Ban(words: "Date" + "()", instead: "let time come in as an argument"),
    Ban(
        words: "SystemRandom" + "NumberGenerator",
        instead: "take the seeded generator as an argument"),
]

@Test(arguments: bans.indices)
func `nothing is left behind`(index: Int) {
    let ban = bans[index]
    for file in Project.sources where !ban.except.contains(file.path) {
        for (number, line) in file.lines.enumerated() where line.contains(ban.words) {
            // \uXXXX names an escape.
            if ban.words.count == 3, line.contains("u" + ban.words) { continue }
            Issue.record("\(file.path):\(number + 1): \(ban.words): \(ban.instead)")
        }
    }
}

@Test func `every file opens with the idea it holds`() {
    for file in Project.sources {
        // The idea stands in a comment within the first lines: above the imports, or on the first declaration.
        let opening = file.lines.prefix(20).contains {
            $0.hasPrefix("//") || $0.drop(while: { $0 == " " }).hasPrefix("///")
        }
        if !opening { Issue.record("\(file.path): say in a comment at its top what idea it holds") }
    }
}
