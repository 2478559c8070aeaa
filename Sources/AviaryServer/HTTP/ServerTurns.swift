import NIOCore

/// Questions to the server's loop from another one, one after the other: clients get their turn in
/// between, whoever asks how much.
///
/// What is read there should be little more than copying; text is made of it elsewhere.
final class ServerTurns: Sendable {
    private let serverLoop: any EventLoop
    private let loop: any EventLoop
    private let last: NIOLoopBoundBox<EventLoopFuture<Void>>

    /// Questions to `serverLoop`, answered on `loop`.
    init(of serverLoop: any EventLoop, on loop: any EventLoop) {
        self.serverLoop = serverLoop
        self.loop = loop
        self.last = .makeBoxSendingValue(loop.makeSucceededVoidFuture(), eventLoop: loop)
    }

    /// Runs `body` on the server's loop when it is its turn.
    func take<Answer: Sendable>(
        _ body: @escaping @Sendable () -> Answer
    ) -> EventLoopFuture<Answer> {
        loop.flatSubmit { [self] in
            let answer = last.value.flatMap { [self] in
                serverLoop.submit(body).hop(to: loop)
            }
            last.value = answer.map { _ in }.recover { _ in }
            return answer
        }
    }
}
