// How long a file and a function may be. The formatter sees to the length of lines.

import Testing

private let fileLinesMax = 400
private let functionLinesMax = 70

@Test func `no file is longer than one idea`() {
    for file in Project.sources + Project.tests where file.lines.count > fileLinesMax + 1 {
        Issue.record(
            "\(file.path) has \(file.lines.count) lines, over \(fileLinesMax); split it by aspect, as DataTree+Apply.swift is"
        )
    }
}

@Test func `no function is longer than a screen or two`() {
    for file in Project.sources {
        for function in functions(of: file) where function.lines > functionLinesMax {
            Issue.record(
                "\(file.path):\(function.line): \(function.lines) lines, over \(functionLinesMax); give a part of it a name of its own"
            )
        }
    }
}

/// The functions and initialisers of a file.
///
/// The formatter puts the closing brace in the column of the
/// declaration, so the first line that is that brace ends the function.
private func functions(of file: SourceFile) -> [(line: Int, lines: Int)] {
    var found: [(line: Int, lines: Int)] = []
    for (start, line) in file.lines.enumerated() {
        let indentation = line.prefix { $0 == " " }
        let words = line.dropFirst(indentation.count).split(separator: " ")
        let isFunction = words.contains {
            $0 == "func" || $0.hasPrefix("init(") || $0.hasPrefix("init<")
        }
        guard isFunction, words.first?.hasPrefix("//") == false, !line.contains("}") else {
            continue
        }
        let closing = indentation + "}"
        guard
            let end = file.lines[(start + 1)...].firstIndex(where: {
                $0 == closing || (!$0.isEmpty && $0.prefix { $0 == " " }.count < indentation.count)
            }), file.lines[end] == closing
        else { continue }  // A requirement of a protocol has no body.
        found.append((start + 1, end - start + 1))
    }
    return found
}
