import Foundation
import Testing

/// The stories in Scenarios/, each against what happens now.
///
/// `AVIARY_REWRITE=1` writes what happens now into the files; the difference is for you to read.
@Test(arguments: ScenarioFile.all)
func `a scenario goes as it is told`(file: ScenarioFile) throws {
    let told = try String(contentsOf: file.url, encoding: .utf8)
    let happened = try ScenarioFile.perform(told)
    if ProcessInfo.processInfo.environment["AVIARY_REWRITE"] == "1" {
        try happened.write(to: file.url, atomically: true, encoding: .utf8)
    } else {
        #expect(told == happened, "AVIARY_REWRITE=1 shows the difference in \(file)")
    }
}

@Test(arguments: ScenarioFile.all)
func `a scenario says first what rule it shows`(file: ScenarioFile) throws {
    #expect(try String(contentsOf: file.url, encoding: .utf8).hasPrefix("# "))
}

@Test func `a scenario with a mistake is not performed`() {
    for mistake in ["dance 1", "crash 4", "crash 1 after ACK", "disk 1 log 1", "wait", "hold 1"] {
        #expect(throws: ScenarioMistake.self) {
            try ScenarioFile.perform("servers 3\n\(mistake)\n")
        }
    }
}
