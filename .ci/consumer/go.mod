// The module of a program that uses the client. ".ci/consumer/run" puts the version in.
module example.com/consumer

go 1.26.0
