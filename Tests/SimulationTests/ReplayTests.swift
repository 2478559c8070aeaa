import Foundation
import Testing

/// One seed and one commit make one run, in whatever process: each of them hashes differently.
@Test(arguments: ["--peers", "--ensemble", "--planned"])
func `a seed tells the same story in every process`(kind: String) throws {
    let program = URL(fileURLWithPath: CommandLine.arguments[0])
        .deletingLastPathComponent().appendingPathComponent("simulate")
    func story() throws -> Data {
        let process = Process()
        process.executableURL = program
        process.arguments = [kind, "--seed", "3", "--trace"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let story = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return story
    }
    let first = try story()
    #expect(first.count > 10_000)
    #expect(try story() == first)
}
