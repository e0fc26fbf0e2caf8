import { expect, test } from "vitest";
import { sourceOf } from "../../src/node/gpu.ts";

// as Dawn and browsers report them
test.each<[string, object, string]>([
  [
    "an NVIDIA card",
    {
      vendor: "nvidia",
      architecture: "ampere",
      device: "nvidia-a100",
      description: "NVIDIA: 550.54",
      isFallbackAdapter: false,
    },
    "hardware",
  ],
  [
    "an Apple GPU",
    { vendor: "apple", architecture: "metal-3", device: "", description: "Apple M4 Pro" },
    "hardware",
  ],
  [
    "lavapipe",
    {
      vendor: "mesa",
      architecture: "",
      device: "llvmpipe-llvm-19-1-7-256-bits-",
      description: "llvmpipe: Mesa 25.0.7",
    },
    "system",
  ],
  ["a CPU type", { vendor: "x", device: "y", description: "z", adapterType: "CPU" }, "system"],
  ["a fallback", { vendor: "x", device: "y", description: "z", isFallbackAdapter: true }, "system"],
  [
    "Windows' software driver",
    { vendor: "microsoft", description: "Microsoft Basic Render Driver" },
    "system",
  ],
  [
    "SwiftShader",
    {
      vendor: "google",
      architecture: "swiftshader",
      description: "SwiftShader driver 5.0.0",
      isFallbackAdapter: true,
    },
    "swiftshader",
  ],
])("%s is told apart", (_, info, source) => {
  expect(sourceOf(info)).toBe(source);
});
