//go:build !linux

package main

// noneLeft finds processes only on Linux, in /proc.
func noneLeft(string) error { return nil }
