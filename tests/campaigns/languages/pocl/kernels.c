/* kernels FILE: builds the kernels of FILE by OpenCL's first platform and runs each. They are alike: each has a
 * buffer of numbers, one of results (64-bit integers, of which all are printed as a checksum, the first eight as they
 * are) and a struct. What is printed depends on neither time nor the order of work. */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 1 << 14, GROUP = 64, MOST = 32, ROUNDS = 200 };

/* As each file of kernels has it. */
struct settings {
  cl_int n, rounds;
  cl_float factor;
  cl_float4 weights;
};

static void expect(cl_int status, const char *what) {
  if (status == CL_SUCCESS) return;
  printf("%s: %d\n", what, status);
  exit(1);
}

static void show(const char *name, const uint64_t *results) {
  uint64_t sum = 0;
  for (int i = 0; i < N; i++) sum = (sum ^ results[i]) * 0x9e3779b97f4a7c15 + (sum >> 7);
  printf("%s: %016llx:", name, (unsigned long long)sum);
  for (int i = 0; i < 8; i++) printf(" %lld", (long long)results[i]);
  putchar('\n');
}

int main(int argc, char **argv) {
  static char source[1 << 16];
  static cl_uint numbers[N];
  static uint64_t results[N];
  FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
  if (f == NULL) return 2;
  source[fread(source, 1, sizeof source - 1, f)] = 0;
  fclose(f);
  cl_platform_id platform;
  cl_device_id device;
  cl_int status;
  expect(clGetPlatformIDs(1, &platform, NULL), "platform");
  expect(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL), "device");
  cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
  expect(status, "context");
  cl_command_queue queue = clCreateCommandQueue(context, device, 0, &status);
  expect(status, "queue");
  const char *text = source;
  cl_program program = clCreateProgramWithSource(context, 1, &text, NULL, &status);
  expect(status, "program");
  status = clBuildProgram(program, 1, &device,
                          "-cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt", NULL, NULL);
  if (status != CL_SUCCESS) {
    static char log[1 << 14];
    clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, sizeof log, log, NULL);
    puts(log);
  }
  expect(status, "build");
  for (int i = 0; i < N; i++) numbers[i] = (cl_uint)i * 2654435761u;
  cl_mem in = clCreateBuffer(context, CL_MEM_COPY_HOST_PTR, sizeof numbers, numbers, &status);
  expect(status, "input");
  cl_mem out = clCreateBuffer(context, CL_MEM_READ_WRITE, sizeof results, NULL, &status);
  expect(status, "output");
  cl_kernel kernels[MOST];
  cl_uint n;
  expect(clCreateKernelsInProgram(program, MOST, kernels, &n), "kernels");
  const struct settings s = {N, 5, 1.25f, {{0.5f, -1.5f, 2.25f, 8}}};
  for (cl_uint k = 0; k < n; k++) {
    char name[64];
    const cl_ulong zero = 0;
    const size_t size = N, group = GROUP;
    clGetKernelInfo(kernels[k], CL_KERNEL_FUNCTION_NAME, sizeof name, name, NULL);
    expect(clSetKernelArg(kernels[k], 0, sizeof in, &in), "first argument");
    expect(clSetKernelArg(kernels[k], 1, sizeof out, &out), "second argument");
    expect(clSetKernelArg(kernels[k], 2, sizeof s, &s), "third argument");
    for (int round = 0; round < ROUNDS; round++) {
      expect(clEnqueueFillBuffer(queue, out, &zero, sizeof zero, 0, sizeof results, 0, NULL, NULL),
             "fill");
      expect(clEnqueueNDRangeKernel(queue, kernels[k], 1, NULL, &size, &group, 0, NULL, NULL),
             "run");
    }
    expect(clEnqueueReadBuffer(queue, out, CL_TRUE, 0, sizeof results, results, 0, NULL, NULL),
           "read");
    show(name, results);
  }
  return 0;
}
